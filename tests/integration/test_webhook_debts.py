"""What is owed to webhooks: all that they were to be told, from the very transaction on."""

import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest

from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingTransaction
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.domain.entity.booking_entity import CancelReason
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.entity.webhook_entity import WebhookEvent
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.integration.test_blocked_seats import seller_of
from tests.support.money import CARD
from tests.support.pipeline import Pipeline
from tests.support.webhooks import Books

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def books(pipeline: Pipeline, database_url: str) -> Books:
    return Books(pipeline.pool, database_url)


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


async def owed(books: Books) -> list[tuple[str, UUID | None]]:
    rows = await books.pool.fetch("SELECT type, booking_id FROM webhook_delivery ORDER BY id")
    return [(row["type"], row["booking_id"]) for row in rows]


async def refresh_status(pipeline: Pipeline, event: Event) -> None:
    refresh = RefreshEventStatusUseCase(pipeline.upkeep, pipeline.expire.notices)
    refresh.touch([event.id])
    await refresh.execute()


async def test_a_seller_is_owed_what_becomes_of_a_booking_with_all_that_matters_of_it(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    await books.listen(event.seller_id, NOWHERE)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    assert await owed(books) == [], "a hold is nobody's business yet"

    await pipeline.pay.execute(buyer, held.id, CARD)

    assert await owed(books) == [("booking.completed", held.id)]
    told = json.loads(await books.pool.fetchval("SELECT body FROM webhook_delivery"))
    booking = await pipeline.booking(held.id)
    assert booking.paid_at is not None
    data = told["data"]
    assert data.pop("created_at").endswith("Z")
    assert data.pop("paid_at").endswith("Z")
    assert told["timestamp"].endswith("Z")
    assert told["type"] == "booking.completed"
    # Nothing of the buyer but the id.
    assert data == {
        "booking_id": str(held.id),
        "event_id": event.id,
        "buyer_id": buyer.user_id,
        "section": "A",
        "subsection": 1,
        "quantity": 2,
        "seat_positions": ["1-1", "1-2"],
        "total_price": 2_000,
        "currency": "USD",
        "status": "completed",
        "previous_status": "paid",
        "cancel_reason": None,
    }


async def test_every_way_in_which_a_booking_is_cancelled_is_told(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event(hold_seconds=600)
    await books.listen(event.seller_id, NOWHERE)
    given_up = await pipeline.hold(buyer, event)
    await pipeline.cancel.execute(buyer, given_up.id)
    never_held = await pipeline.book(buyer, event)
    await pipeline.cancel.execute(buyer, never_held.id)
    run_out = await pipeline.hold(buyer, event)
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() WHERE id = $1", run_out.id)
    assert await pipeline.expire.execute() == 1
    sold = await pipeline.hold(buyer, event)
    await pipeline.pay.execute(buyer, sold.id, CARD)
    await pipeline.cancel_event.execute(seller_of(event), event.id)
    await pipeline.end_cancelled_events.execute()

    rows = await books.pool.fetch("SELECT body FROM webhook_delivery ORDER BY id")
    told = [json.loads(row["body"]) for row in rows]
    assert [
        (each["data"]["booking_id"], each["data"]["previous_status"], each["data"]["cancel_reason"])
        for each in told
    ] == [
        (str(given_up.id), "pending_payment", CancelReason.BUYER),
        (str(never_held.id), "processing", CancelReason.BUYER),
        (str(run_out.id), "pending_payment", CancelReason.EXPIRED),
        (str(sold.id), "paid", None),
        (str(sold.id), "completed", CancelReason.EVENT_CANCELLED),
    ]


async def test_an_event_is_told_to_be_sold_out_each_time_that_it_is_and_once(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event(rows=1, seats_per_row=2)
    webhook, _ = await books.listen(event.seller_id, NOWHERE, WebhookEvent.EVENT_SOLD_OUT)
    for _ in range(2):
        held = await pipeline.hold(buyer, event, quantity=2)
        await refresh_status(pipeline, event)
        await refresh_status(pipeline, event)
        await pipeline.cancel.execute(buyer, held.id)
        await pipeline.settle()
        await refresh_status(pipeline, event)
    # The first was still owed when it was sold out again.
    assert await owed(books) == [("event.sold_out", None)]
    (first,) = await books.log(webhook)
    await books.pool.execute(
        "UPDATE webhook_delivery SET status = 'delivered', next_try_at = NULL, settled_at = now()"
    )

    await pipeline.hold(buyer, event, quantity=2)
    await refresh_status(pipeline, event)

    assert [delivery.event_id for delivery in await books.log(webhook)] == [event.id] * 2
    assert first.type == WebhookEvent.EVENT_SOLD_OUT
    body = await books.pool.fetchval("SELECT body FROM webhook_delivery LIMIT 1")
    assert json.loads(body)["data"] == {"event_id": event.id, "status": "sold_out"}


async def test_what_is_sent_again_does_not_stand_for_what_happens_meanwhile(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    """The receiver has taken in that message, and expects it more than once."""
    event = await pipeline.open_event(rows=1, seats_per_row=2)
    webhook, _ = await books.listen(event.seller_id, NOWHERE, WebhookEvent.EVENT_SOLD_OUT)
    held = await pipeline.hold(buyer, event, quantity=2)
    await refresh_status(pipeline, event)
    (told,) = await books.claim()
    await books.outbox.delivered(told, 200)
    await books.webhooks.resend(told.id)

    await pipeline.cancel.execute(buyer, held.id)
    await pipeline.settle()
    await refresh_status(pipeline, event)
    await pipeline.hold(buyer, event, quantity=2)
    await refresh_status(pipeline, event)

    assert len({delivery.message_id for delivery in await books.log(webhook)}) == 2


async def test_only_those_are_owed_who_want_to_hear_it(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    stranger = await pipeline.user(UserRole.SELLER)
    one, _ = await books.listen(event.seller_id, NOWHERE, WebhookEvent.BOOKING_COMPLETED)
    both, _ = await books.listen(event.seller_id, NOWHERE)
    off, _ = await books.listen(event.seller_id, NOWHERE)
    gone, _ = await books.listen(event.seller_id, NOWHERE)
    others, _ = await books.listen(stranger.user_id, NOWHERE)
    await books.webhooks.change(off.id, WebhookChanges(is_active=False))
    await books.webhooks.remove(gone.id)

    sold = await pipeline.hold(buyer, event)
    await pipeline.pay.execute(buyer, sold.id, CARD)
    await pipeline.cancel.execute(buyer, (await pipeline.hold(buyer, event)).id)

    told = {
        webhook.id: [delivery.type for delivery in await books.log(webhook)]
        for webhook in (one, both, off, gone, others)
    }
    assert told == {
        one.id: ["booking.completed"],
        both.id: ["booking.completed", "booking.cancelled"],
        **{webhook.id: [] for webhook in (off, gone, others)},
    }


async def test_what_is_rolled_back_was_never_owed(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    await books.listen(event.seller_id, NOWHERE)
    held = await pipeline.hold(buyer, event)

    async def change_ones_mind(transaction: ITicketingTransaction) -> None:
        booking = (await transaction.lock_bookings([held.id]))[held.id]
        booking.cancel(CancelReason.BUYER, transaction.now)
        await transaction.save_bookings([booking])
        raise RuntimeError("not now")

    with pytest.raises(RuntimeError, match="not now"):
        await pipeline.unit_of_work.run(change_ones_mind)

    assert await owed(books) == []
    assert (await pipeline.booking(held.id)).status == "pending_payment"


async def test_a_process_that_dies_after_the_commit_owes_all_the_same(
    pipeline: Pipeline, books: Books, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    await books.listen(event.seller_id, NOWHERE)
    held = await pipeline.hold(buyer, event)

    class Dead:
        async def publish(self, **_: object) -> None:
            raise asyncio.CancelledError

    dying = replace(pipeline.payment_ledger, notices=Dead())
    with pytest.raises(asyncio.CancelledError):
        await replace(pipeline.pay, ledger=dying).execute(buyer, held.id, CARD)

    assert await owed(books) == [("booking.completed", held.id)]


async def test_sellers_without_webhooks_pay_for_one_look_where_a_booking_ends_and_nothing_before(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onsale.service.ticketing.driven_adapter.webhook import webhook_debts  # noqa: PLC0415

    looks: list[int] = []
    listening = webhook_debts._listening

    async def counted(*arguments: object) -> object:
        looks.append(1)
        return await listening(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(webhook_debts, "_listening", counted)
    event = await pipeline.open_event()

    held = await pipeline.hold(buyer, event)
    assert not looks
    await pipeline.pay.execute(buyer, held.id, CARD)
    assert len(looks) == 1
    for _ in range(3):
        await pipeline.hold(buyer, event)
    await pipeline.pool.execute(
        "UPDATE booking SET expires_at = now() WHERE status = 'pending_payment'"
    )
    assert await pipeline.expire.execute() == 3
    assert len(looks) == 2, "a batch looks once"
    assert await pipeline.pool.fetchval("SELECT count(*) FROM webhook_delivery") == 0
