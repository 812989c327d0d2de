"""What one worker has in hand no other sends, and what came of an attempt counts for that one."""

import asyncio
from collections import Counter

import pytest
from prometheus_client import CollectorRegistry

from onsale.bootstrap_webhooks import webhook_jobs
from onsale.service.ticketing.app.service import webhook_dispatcher
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
)
from onsale.service.ticketing.driven_adapter.webhook.prometheus_webhook_meter import (
    PrometheusWebhookMeter,
)
from storm.receiver import Answer, Receiver
from tests.support.polling import wait_for
from tests.support.webhooks import Books, told, worker_settings

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD


async def test_what_is_being_tried_is_not_sent_beside_itself(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    (in_hand,) = await books.claim()

    asked = await books.webhooks.resend(delivery_id)

    assert asked is not None
    assert asked.attempt_count == in_hand.attempt_count == 1
    assert await books.claim() == []


async def test_any_number_of_workers_send_each_message_once(
    books: Books, receiver: Receiver
) -> None:
    webhooks = [await books.listening(receiver.url(f"/{number}")) for number in range(10)]
    for webhook in webhooks:
        await books.owe(webhook, *[None] * 20)
    async with books.delivering(3):
        for webhook in webhooks:
            await books.settled(webhook)
    assert set(Counter(told(receiver)).values()) == {1}
    assert len(receiver.posts) == 200


async def test_what_a_dead_worker_had_in_hand_comes_back_when_its_lease_is_over(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, *[None] * 3)
    assert len(await books.claim(2)) == 2

    async with books.delivering():
        await wait_for(
            lambda: books.statuses(webhook),
            lambda seen: sorted(seen) == [DELIVERED, OWED, OWED],
        )
        assert len(receiver.posts) == 1
        await books.pool.execute(
            "UPDATE webhook_delivery SET claimed_until = now(), next_try_at = now()"
            " WHERE status = 'owed'"
        )
        assert await books.settled(webhook) == [DELIVERED] * 3
    assert [each.attempt_count for each in await books.log(webhook)].count(2) == 2


async def test_a_late_failure_of_an_attempt_that_lost_its_lease_changes_nothing(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, None)
    (slept,) = await books.claim()
    await books.hurry()
    (again,) = await books.claim()

    await books.outbox.failed(slept, 500, DeliveryFault.STATUS, retry_seconds=1)
    (delivery,) = await books.log(webhook)
    assert (
        (delivery.last_status, delivery.attempt_count) == (None, again.attempt_count) == (None, 2)
    )

    await books.outbox.delivered(slept, 200)
    assert await books.statuses(webhook) == [DELIVERED], "it did arrive"


async def test_a_worker_that_slept_does_not_send_what_another_may_have(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_dispatcher, "BEGIN_SECONDS_MAX", -1.0)
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, None)
    async with books.delivering():
        await wait_for(lambda: books.log(webhook), lambda log: bool(log[0].attempt_count == 1))
    assert receiver.posts == []
    assert await books.statuses(webhook) == [OWED]


async def test_a_late_failure_is_of_its_own_attempt_also_if_attempts_were_counted_anew(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    (slept,) = await books.claim()
    await books.hurry()
    (again,) = await books.claim()
    await books.outbox.delivered(again, 200)
    await books.webhooks.resend(delivery_id)
    (third,) = await books.claim()
    assert third.attempt_count == slept.attempt_count == 1

    await books.outbox.failed(slept, 500, DeliveryFault.STATUS, retry_seconds=0)

    assert await books.claim() == [], "somebody has it in hand"
    (delivery,) = await books.log(webhook)
    assert delivery.last_fault is None
    await books.outbox.failed(third, 500, DeliveryFault.STATUS, retry_seconds=0)
    (delivery,) = await books.log(webhook)
    assert delivery.last_fault is DeliveryFault.STATUS


@pytest.mark.parametrize("ends", ["arrives", "dies"])
async def test_what_a_dead_worker_had_in_hand_is_due_once_what_comes_before_it_is_settled(
    books: Books, receiver: Receiver, ends: str
) -> None:
    """It was in hand while nothing came before it; then the first was sent again, in vain."""
    webhook = await books.listening(receiver.url())
    (booking,) = await books.bookings(1)
    first_id, later_id = await books.owe(webhook, booking, booking)
    (first,) = await books.claim()
    await books.outbox.delivered(first, 200)
    assert [each.id for each in await books.claim()] == [later_id]
    await books.pool.execute(
        "UPDATE webhook_delivery SET claimed_until = now(), next_try_at = now() WHERE id = $1",
        later_id,
    )
    await books.webhooks.resend(first_id)
    (first,) = await books.claim()
    await books.outbox.failed(first, 500, DeliveryFault.STATUS, retry_seconds=10_000)
    assert await books.claim() == [], "the later one is put off till the first is due"
    await books.webhooks.resend(first_id)
    (first,) = await books.claim()

    if ends == "arrives":
        await books.outbox.delivered(first, 200)
    else:
        await books.pool.execute(
            "UPDATE webhook_delivery SET give_up_at = now() WHERE id = $1", first_id
        )
        await books.outbox.failed(first, 500, DeliveryFault.STATUS, retry_seconds=1)

    assert [each.id for each in await books.claim()] == [later_id]


async def test_whoever_is_to_stop_ends_what_is_in_hand(books: Books, receiver: Receiver) -> None:
    receiver.answer = lambda _post: Answer(200, wait_seconds=1.0)
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, None, None)
    stop = asyncio.Event()
    meter = PrometheusWebhookMeter(CollectorRegistry())
    async with webhook_jobs(worker_settings(books.database_url), books.pool, meter) as jobs:
        running = asyncio.create_task(jobs.run(stop))
        await receiver.heard(1)
        stop.set()
        await running
    assert await books.statuses(webhook) == [DELIVERED, OWED]
