"""Holds, payments and cancellations: of two that race, one wins."""

import asyncio
from uuid import UUID

import pytest

from onsale.service.ticketing.app.command import settle_payments_use_case
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    FinalOutcome,
    GatewayTimeoutError,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    BookingNotPayableError,
    HoldExpiredError,
    PaymentInProgressError,
    TicketingError,
)
from tests.support.money import orphan_attempts
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


async def test_an_expired_hold_is_cancelled_and_its_seats_are_offered_again(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(hold_seconds=5), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await _let_expire(pipeline)

    with pytest.raises(HoldExpiredError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    assert await pipeline.expire.execute() == 1
    assert await pipeline.expire.execute() == 0
    await pipeline.settle()

    expired = await pipeline.booking(held.id)
    assert expired.cancel_reason is CancelReason.EXPIRED
    with pytest.raises(HoldExpiredError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    assert (await pipeline.hold(buyer, event, "1-1")).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_an_open_payment_attempt_protects_the_hold(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(hold_seconds=5), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await _let_expire(pipeline)

    assert await pipeline.expire.execute() == 0
    with pytest.raises(PaymentInProgressError):
        await pipeline.cancel.execute(buyer, held.id)
    with pytest.raises(PaymentInProgressError):
        await pipeline.pay.execute(buyer, held.id, CARD)

    await pipeline.gateway.authorize(
        attempt.id, amount=attempt.amount, currency=attempt.currency, card_number=CARD
    )
    assert await pipeline.payment_ledger.record_authorized(attempt)
    assert await pipeline.expire.execute() == 0
    with pytest.raises(PaymentInProgressError):
        await pipeline.cancel.execute(buyer, held.id)

    outcome = await pipeline.gateway.capture(attempt.id)
    completed = await pipeline.payment_ledger.record(attempt, outcome)
    assert completed is not None
    assert completed.status is BookingStatus.COMPLETED


async def test_of_pay_and_cancel_at_once_exactly_one_wins(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    for seat in range(1, 6):
        held = await pipeline.hold(buyer, event, f"1-{seat}")
        outcomes = await asyncio.gather(
            pipeline.pay.execute(buyer, held.id, CARD),
            pipeline.cancel.execute(buyer, held.id),
            pipeline.pay.execute(buyer, held.id, CARD),
            pipeline.cancel.execute(buyer, held.id),
            return_exceptions=True,
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, Booking)]
        assert len(won) == 1, outcomes
        lost = [outcome for outcome in outcomes if not isinstance(outcome, Booking)]
        refusals = (BookingNotPayableError, BookingNotCancellableError, PaymentInProgressError)
        assert all(isinstance(outcome, refusals) for outcome in lost), outcomes
        assert (await pipeline.booking(held.id)).status is won[0].status
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []


async def test_orphaned_payments_are_settled_by_asking_the_gateway(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    charged = await pipeline.hold(buyer, event, "1-1")
    never_charged = await pipeline.hold(buyer, event, "1-2")
    attempt = await pipeline.pay._open_attempt(buyer, charged.id)
    await pipeline.gateway.authorize(attempt.id, amount=1_000, currency="USD", card_number=CARD)
    await pipeline.gateway.capture(attempt.id)
    await pipeline.pay._open_attempt(buyer, never_charged.id)
    await orphan_attempts(pipeline)

    assert await pipeline.settle_payments.execute() == 2
    assert (await pipeline.booking(charged.id)).status is BookingStatus.COMPLETED
    assert (await pipeline.booking(never_charged.id)).status is BookingStatus.PENDING_PAYMENT
    paid = await pipeline.pay.execute(buyer, never_charged.id, CARD)
    assert paid.status is BookingStatus.COMPLETED


async def test_payments_that_cannot_be_settled_keep_no_other_waiting(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle_payments_use_case, "BATCH_COUNT_MAX", 2)
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = [await pipeline.hold(buyer, event) for _ in range(3)]
    attempts = [await pipeline.pay._open_attempt(buyer, booking.id) for booking in held]
    await orphan_attempts(pipeline)
    settle = pipeline.gateway.settle

    async def answer_the_last_only(_gateway: object, key: UUID) -> FinalOutcome:
        if key != attempts[-1].id:
            raise GatewayTimeoutError
        return await settle(key)

    monkeypatch.setattr(type(pipeline.gateway), "settle", answer_the_last_only)
    assert await pipeline.settle_payments.execute() == 0
    assert await pipeline.settle_payments.execute() == 1


async def test_someone_elses_booking_is_neither_paid_nor_cancelled(pipeline: Pipeline) -> None:
    event, owner = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(owner, event, "1-1")
    for other in (await pipeline.user(UserRole.BUYER), await pipeline.user(UserRole.SELLER)):
        with pytest.raises(TicketingError):
            await pipeline.pay.execute(other, held.id, CARD)
        with pytest.raises(TicketingError):
            await pipeline.cancel.execute(other, held.id)
    assert await pipeline.booking(held.id) == held


async def _let_expire(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
