"""Receivers that are slow or away keep nobody else waiting."""

from collections.abc import Sequence

import pytest

from onsale.service.ticketing.app.interface.i_webhook_delivery import PER_WEBHOOK_MAX
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
)
from onsale.service.ticketing.driven_adapter.webhook import (
    asyncpg_webhook_outbox,
    httpcore_webhook_sender,
)
from storm.receiver import Answer, Receiver
from tests.support.polling import wait_for
from tests.support.webhooks import Books

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD


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
            assert slow.under_way_max == PER_WEBHOOK_MAX
            assert set(await books.statuses(slow_one)) == {OWED}
        assert receiver.under_way_max <= PER_WEBHOOK_MAX


async def test_a_receiver_that_failed_last_is_tried_one_at_a_time(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpcore_webhook_sender, "ATTEMPT_SECONDS_MAX", 0.3)
    receiver.answer = lambda _post: Answer(200, wait_seconds=30.0)
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, *[None] * 30)

    async def under_way() -> int:
        return receiver.under_way

    async with books.delivering():
        await wait_for(lambda: books.log(webhook), lambda log: _tried(log) >= PER_WEBHOOK_MAX)
        await wait_for(under_way, lambda count: count == 0)
        receiver.under_way_max = 0
        tried = len(receiver.posts)
        await receiver.heard(tried + 3)
        assert receiver.under_way_max == 1
    assert {each.last_fault for each in await books.log(webhook)} == {None, DeliveryFault.TIMEOUT}


def _tried(log: Sequence[object]) -> int:
    return sum(1 for each in log if getattr(each, "last_fault", None) is not None)


async def test_every_webhook_has_its_turn_however_many_there_are(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_outbox, "WEBHOOK_COUNT_MAX", 2)
    webhooks = [await books.listening(receiver.url()) for _ in range(5)]
    for webhook in webhooks:
        await books.owe(webhook, *[None] * 3)
    outbox = books.outbox

    turns = [[each.webhook_id for each in await outbox.claim({}, limit=2)] for _ in range(6)]

    assert {each for turn in turns[:3] for each in turn} >= {webhooks[0].id, webhooks[2].id}
    assert {each for turn in turns for each in turn} >= {webhook.id for webhook in webhooks[::2]}


async def test_a_crowd_that_waits_for_earlier_ones_is_put_out_of_the_way(books: Books) -> None:
    webhook = await books.listening("http://127.0.0.1:9/")
    ids = await books.bookings(20)
    await books.owe(webhook, *ids)
    await books.owe(webhook, *ids)
    outbox = books.outbox
    claimed = [each for _ in range(5) for each in await outbox.claim({}, limit=200)]
    assert len(claimed) == 20
    due = await books.pool.fetchval(
        "SELECT count(*) FROM webhook_delivery WHERE status = 'owed' AND next_try_at <= now()"
    )
    assert due == 0
    await outbox.delivered(claimed[0], 200)
    (released,) = await outbox.claim({}, limit=200)
    assert released.id == claimed[0].id + 20
