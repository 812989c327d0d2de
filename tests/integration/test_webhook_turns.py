"""Receivers that are slow or away keep nobody else waiting."""

from functools import partial
from typing import Any

import pytest

from onsale.service.ticketing.app.interface.i_webhook_delivery import Look
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.app.service import webhook_places
from onsale.service.ticketing.app.service.webhook_places import (
    PER_UNPROVEN_WEBHOOK_MAX,
    PER_WEBHOOK_MAX,
)
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus
from onsale.service.ticketing.driven_adapter.webhook import (
    asyncpg_webhook_outbox,
    httpcore_webhook_sender,
)
from storm.receiver import Answer, Receiver
from tests.support.polling import wait_for
from tests.support.rows_read import rows_read
from tests.support.webhooks import Books

DELIVERED, OWED = DeliveryStatus.DELIVERED, DeliveryStatus.OWED
CROWD_COUNT = 5_000


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two for those that are quick, two for all others, and little patience."""
    monkeypatch.setattr(webhook_places, "IN_HAND_MAX", 4)
    monkeypatch.setattr(webhook_places, "QUICK_IN_HAND_MAX", 2)
    monkeypatch.setattr(httpcore_webhook_sender, "ATTEMPT_SECONDS_MAX", 0.2)


async def test_slow_and_dead_receivers_have_few_places_and_delay_nobody_else(
    books: Books, receiver: Receiver
) -> None:
    async with Receiver(lambda _post: Answer(200, wait_seconds=60.0)) as slow:
        slow_one = await books.listening(slow.url())
        quick_one = await books.listening(receiver.url())
        await books.owe(slow_one, *[None] * 300)
        await books.owe(quick_one, *[None] * 100)
        async with books.delivering():
            assert await books.settled(quick_one, seconds_max=20) == [DELIVERED] * 100
            assert slow.under_way_max == PER_UNPROVEN_WEBHOOK_MAX
            assert set(await books.statuses(slow_one)) == {OWED}
        assert 1 < receiver.under_way_max <= PER_WEBHOOK_MAX


@pytest.mark.usefixtures("few_places")
async def test_a_crowd_that_never_answers_keeps_nobody_waiting_who_came_after_it(
    books: Books, receiver: Receiver
) -> None:
    """They have lower ids, and there is more due to them than can be tried within the test."""
    async with Receiver(lambda _post: Answer(200, wait_seconds=60.0)) as silent:
        for _ in range(8):
            await books.owe(await books.listening(silent.url()), *[None] * 100)
        async with books.delivering():
            await silent.heard(4)
            honest = await books.listening(receiver.url())
            await books.owe(honest, *[None] * 20)
            assert await books.settled(honest) == [DELIVERED] * 20
            assert silent.under_way_max <= 2


@pytest.mark.usefixtures("few_places")
async def test_a_receiver_that_failed_last_is_tried_one_at_a_time(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, *[None] * 3)
    async with books.delivering():
        await books.settled(webhook)
        receiver.answer = lambda _post: Answer(200, wait_seconds=30.0)
        await books.owe(webhook, *[None] * 30)
        # Those that had begun when the first of them failed.
        await receiver.heard(3 + 3)
        await wait_for(partial(_under_way, receiver), lambda count: count <= 1)
        receiver.under_way_max = 0
        await receiver.heard(len(receiver.posts) + 3)
        assert receiver.under_way_max == 1
    assert DeliveryFault.TIMEOUT in {each.last_fault for each in await books.log(webhook)}


async def _under_way(receiver: Receiver) -> int:
    return receiver.under_way


async def test_a_look_goes_on_behind_the_last_and_then_round(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_outbox, "WEBHOOK_COUNT_MAX", 4)
    webhooks = [await books.listening(receiver.url()) for _ in range(5)]
    for webhook in webhooks:
        await books.owe(webhook, *[None] * 3)
    ids = [webhook.id for webhook in webhooks]

    async def due(**look: Any) -> list[int]:  # noqa: ANN401 - fields of a look
        return [each.id for each in await books.outbox.due(Look(**look))]

    assert await due() == ids[:4]
    assert await due(after=ids[2]) == [*ids[3:], *ids[:2]]
    assert await due(after=ids[2], besides=[ids[3]]) == [ids[4], *ids[:3]]
    assert await due(after=ids[4], among=ids[::2]) == ids[::2]
    assert {each.seller_id for each in await books.outbox.due(Look())} == {
        each.seller_id for each in webhooks[:4]
    }
    await books.webhooks.change(ids[0], WebhookChanges(is_active=False))
    assert await due() == ids[1:]


async def test_a_crowd_that_waits_for_earlier_ones_is_put_out_of_the_way(books: Books) -> None:
    webhook = await books.listening("http://127.0.0.1:9/")
    ids = await books.bookings(20)
    await books.owe(webhook, *ids)
    await books.owe(webhook, *ids)
    outbox = books.outbox
    claimed = [each for _ in range(5) for each in await books.claim(200)]
    assert len(claimed) == 20
    due = await books.pool.fetchval(
        "SELECT count(*) FROM webhook_delivery WHERE status = 'owed' AND next_try_at <= now()"
    )
    assert due == 0
    await outbox.delivered(claimed[0], 200)
    (released,) = await books.claim(200)
    assert released.id == claimed[0].id + 20


async def test_a_turn_costs_what_is_in_front_and_nothing_of_all_that_is_owed_behind_it(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns come one after another: what one webhook's takes, all others wait for."""
    monkeypatch.setattr(asyncpg_webhook_outbox, "HELD_BACK_COUNT_MAX", 10)
    webhook = await books.listening("http://127.0.0.1:9/")
    async with books.pool.acquire() as connection, connection.transaction():
        # Without the bookings that they are about.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "INSERT INTO webhook_delivery (webhook_id, type, booking_id, body, next_try_at)"
            " SELECT $1, 'booking.completed', gen_random_uuid(), '{}', now() - n * interval '1s'"
            " FROM generate_series(1, $2::int) AS n",
            *(webhook.id, CROWD_COUNT),
        )
    await books.pool.execute("ANALYZE webhook_delivery")
    before = await rows_read(books.pool, "webhook_delivery")
    assert len(await books.claim(1)) == 1
    assert await rows_read(books.pool, "webhook_delivery") - before < CROWD_COUNT // 10
