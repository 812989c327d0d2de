"""An ``Idempotency-Key`` on pay: one charge for a key, and its first outcome for every repeat."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    BookingNotPayableError,
    HoldExpiredError,
    IdempotencyKeyReusedError,
    PaymentDeclinedError,
    PaymentInProgressError,
    PaymentUnknownError,
)
from onsale.service.ticketing.driven_adapter.payment.card_numbers import (
    UNANSWERED_CARD,
    UNREACHED_CARD,
)
from tests.support.money import CARD, clear_up, money_kept, times_taken
from tests.support.pipeline import Pipeline
from tests.support.wired_pipeline import pipeline_on

OTHER_CARD = "6011000990139424"
DECLINED_CARD = "4000000000009995"


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


@pytest.fixture
async def event(pipeline: Pipeline) -> Event:
    return await pipeline.open_event()


@pytest.fixture
async def held(pipeline: Pipeline, buyer: Principal, event: Event) -> Booking:
    return await pipeline.hold(buyer, event, "1-1")


@pytest.fixture
async def other_process(
    database_url: str, redis_url: str, pipeline: Pipeline
) -> AsyncIterator[Pipeline]:
    """The same stores, by connections of its own."""
    async with pipeline_on(database_url, redis_url) as running:
        yield running


async def test_a_repeat_gets_the_booking_and_charges_nothing(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    paid = await pipeline.pay.execute(buyer, held.id, CARD, "key")
    await pipeline.settle()
    again = await pipeline.pay.execute(buyer, held.id, CARD, "key")
    assert (again.status, again.payment_id) == (BookingStatus.COMPLETED, paid.payment_id)
    assert again == await pipeline.booking(held.id)
    assert await times_taken(pipeline, held.id) == 1
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD, "another key")


async def test_a_repeat_of_a_declined_payment_is_declined_alike(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclinedError) as refusal:
            await pipeline.pay.execute(buyer, held.id, DECLINED_CARD, "key")
        assert refusal.value.details == {"decline_reason": "insufficient_funds"}
    assert await pipeline.pool.fetchval("SELECT count(*) FROM payment_attempt") == 1
    # Also when the booking was paid by other means since.
    await pipeline.pay.execute(buyer, held.id, CARD, "another key")
    with pytest.raises(PaymentDeclinedError):
        await pipeline.pay.execute(buyer, held.id, DECLINED_CARD, "key")


async def test_a_key_stands_for_one_card_and_one_booking(
    pipeline: Pipeline, buyer: Principal, event: Event, held: Booking
) -> None:
    other = await pipeline.hold(buyer, event, "1-2")
    await pipeline.pay.execute(buyer, held.id, CARD, "key")
    with pytest.raises(IdempotencyKeyReusedError):
        await pipeline.pay.execute(buyer, held.id, OTHER_CARD, "key")
    with pytest.raises(IdempotencyKeyReusedError):
        await pipeline.pay.execute(buyer, other.id, CARD, "key")
    assert await times_taken(pipeline, other.id) == 0


async def test_keys_belong_to_their_buyer_and_to_payments(
    pipeline: Pipeline, buyer: Principal, event: Event
) -> None:
    stranger = await pipeline.user(UserRole.BUYER)
    mine = await pipeline.book(buyer, event, "2-1", key="key")
    theirs = await pipeline.book(stranger, event, "2-2", key="key")
    await pipeline.settle()
    for payer, booking in ((buyer, mine), (stranger, theirs)):
        paid = await pipeline.pay.execute(payer, booking.id, CARD, "key")
        assert paid.status is BookingStatus.COMPLETED


async def test_a_repeat_while_the_first_is_under_way_waits_for_its_outcome(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    with pytest.raises(PaymentUnknownError):
        await pipeline.pay.execute(buyer, held.id, UNANSWERED_CARD, "key")
    with pytest.raises(PaymentInProgressError):
        await pipeline.pay.execute(buyer, held.id, UNANSWERED_CARD, "key")
    await clear_up(pipeline)
    paid = await pipeline.pay.execute(buyer, held.id, UNANSWERED_CARD, "key")
    assert paid.status is BookingStatus.COMPLETED
    assert await times_taken(pipeline, held.id) == 1


async def test_a_payment_that_was_given_up_gives_its_key_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    with pytest.raises(PaymentUnknownError):
        await pipeline.pay.execute(buyer, held.id, UNREACHED_CARD, "key")
    await clear_up(pipeline)
    # Not the first outcome: nothing came of it, so the key may stand for another card.
    paid = await pipeline.pay.execute(buyer, held.id, CARD, "key")
    assert paid.status is BookingStatus.COMPLETED
    assert await money_kept(pipeline, held.id) == 1_000


async def test_a_refusal_that_a_retry_could_cure_is_not_kept(
    pipeline: Pipeline, buyer: Principal, event: Event
) -> None:
    booking = await pipeline.book(buyer, event, "3-1")
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, booking.id, CARD, "key")
    await pipeline.settle()
    assert (await pipeline.pay.execute(buyer, booking.id, CARD, "key")).payment_id


async def test_a_repeat_finishes_what_was_paid_and_not_completed(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    await pipeline.pay.execute(buyer, held.id, CARD, "key")
    await pipeline.settle()
    await pipeline.pool.execute("UPDATE booking SET status = 'paid' WHERE id = $1", held.id)
    await pipeline.pool.execute(
        "UPDATE ticket SET status = 'reserved' WHERE booking_id = $1", held.id
    )
    again = await pipeline.pay.execute(buyer, held.id, CARD, "key")
    assert again.status is BookingStatus.COMPLETED
    await pipeline.settle()
    assert await pipeline.differences(held.event_id) == []


async def test_the_outcome_of_a_key_outlives_the_hold(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    with pytest.raises(PaymentDeclinedError):
        await pipeline.pay.execute(buyer, held.id, DECLINED_CARD, "key")
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
    assert await pipeline.expire.execute() == 1
    with pytest.raises(PaymentDeclinedError):
        await pipeline.pay.execute(buyer, held.id, DECLINED_CARD, "key")
    with pytest.raises(HoldExpiredError):
        await pipeline.pay.execute(buyer, held.id, CARD, "another key")


async def test_many_at_once_with_one_key_in_two_processes_are_one_charge(
    pipeline: Pipeline, other_process: Pipeline, buyer: Principal, held: Booking
) -> None:
    outcomes = await asyncio.gather(
        *(
            process.pay.execute(buyer, held.id, CARD, "key")
            for process in (pipeline, other_process) * 6
        ),
        return_exceptions=True,
    )
    paid = [outcome for outcome in outcomes if isinstance(outcome, Booking)]
    assert paid, outcomes
    assert {booking.id for booking in paid} == {held.id}
    others = [outcome for outcome in outcomes if not isinstance(outcome, Booking)]
    assert all(isinstance(outcome, PaymentInProgressError) for outcome in others), outcomes
    assert await pipeline.pool.fetchval("SELECT count(*) FROM payment_attempt") == 1
    assert await times_taken(pipeline, held.id) == 1


async def test_of_two_bookings_at_once_under_one_key_one_is_charged(
    pipeline: Pipeline, other_process: Pipeline, buyer: Principal, event: Event
) -> None:
    for number in range(3):
        held = [await pipeline.hold(buyer, event, quantity=1) for _ in range(2)]
        outcomes = await asyncio.gather(
            pipeline.pay.execute(buyer, held[0].id, CARD, f"key {number}"),
            other_process.pay.execute(buyer, held[1].id, CARD, f"key {number}"),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Booking) for outcome in outcomes) == 1, outcomes
        reused = [isinstance(outcome, IdempotencyKeyReusedError) for outcome in outcomes]
        assert sum(reused) == 1, outcomes
        assert sum([await times_taken(pipeline, booking.id) for booking in held]) == 1


@pytest.mark.parametrize("is_tidied", [False, True])
async def test_a_key_is_forgotten_after_a_day(
    pipeline: Pipeline, buyer: Principal, event: Event, held: Booking, *, is_tidied: bool
) -> None:
    await pipeline.pay.execute(buyer, held.id, CARD, "key")
    await pipeline.pool.execute(
        "UPDATE payment_attempt SET created_at = now() - interval '24 hours 1 second'"
    )
    keyed = "SELECT count(*) FROM payment_attempt WHERE idempotency_key IS NOT NULL"
    if is_tidied:
        await pipeline.upkeep.tidy()
        assert await pipeline.pool.fetchval(keyed) == 0
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD, "key")
    other = await pipeline.hold(buyer, event, "1-2")
    assert (await pipeline.pay.execute(buyer, other.id, CARD, "key")).id == other.id
    await pipeline.upkeep.tidy()
    assert await pipeline.pool.fetchval(keyed) == 1


async def test_nothing_that_is_kept_gives_a_card_number_away(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    await pipeline.pay.execute(buyer, held.id, CARD, "key")
    digest = await pipeline.pool.fetchval("SELECT request_digest FROM payment_attempt")
    plain = [CARD.encode(), held.id.bytes + CARD.encode(), f"{held.id}{CARD}".encode()]
    assert digest not in [hashlib.sha256(text).digest() for text in plain]
    tables = ("payment_attempt", "mock_gateway_charge", "mock_gateway_payment")
    for table in tables:
        rows = await pipeline.pool.fetch(f"SELECT {table}::text AS text FROM {table}")  # noqa: S608
        assert rows
        assert all(CARD not in row["text"] for row in rows)
