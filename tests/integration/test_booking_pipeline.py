"""A booking's way through both services, on real PostgreSQL and a real Redis server."""

import pytest

from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus, CancelReason
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    BookingNotPayableError,
    PaymentDeclinedError,
)
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import DECLINED_CARDS
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


async def test_a_booking_is_held_paid_and_completed(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)

    booking = await pipeline.book(buyer, event, "1-1", "1-2")
    assert booking.status is BookingStatus.PROCESSING
    assert (await pipeline.booking(booking.id)).status is BookingStatus.PROCESSING

    await pipeline.settle()
    held = await pipeline.booking(booking.id)
    assert held.status is BookingStatus.PENDING_PAYMENT
    assert (held.seat_positions, held.total_price) == (("1-1", "1-2"), 2_000)
    assert held.expires_at is not None
    assert held.command is None

    paid = await pipeline.pay.execute(buyer, booking.id, CARD)
    assert paid.status is BookingStatus.COMPLETED
    await pipeline.settle()
    assert (await pipeline.booking(booking.id)).command is None
    counts = (await pipeline.store.counts(event.id))["A", 1]
    assert (counts.available, counts.reserved, counts.sold) == (48, 0, 2)
    assert await pipeline.differences(event.id) == []


async def test_a_cancelled_booking_frees_its_seats_in_both_stores(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "2-3", "2-4")

    cancelled = await pipeline.cancel.execute(buyer, held.id)
    assert cancelled.cancel_reason is CancelReason.BUYER
    await pipeline.settle()

    assert (await pipeline.store.counts(event.id))["A", 1].available == 50
    assert await pipeline.differences(event.id) == []
    again = await pipeline.hold(buyer, event, "2-3", "2-4")
    assert again.status is BookingStatus.PENDING_PAYMENT


async def test_a_declined_card_leaves_the_hold_and_another_try(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, quantity=2)

    with pytest.raises(PaymentDeclinedError):
        await pipeline.pay.execute(buyer, held.id, next(iter(DECLINED_CARDS)))
    assert (await pipeline.booking(held.id)).status is BookingStatus.PENDING_PAYMENT
    assert (await pipeline.pay.execute(buyer, held.id, CARD)).status is BookingStatus.COMPLETED


async def test_nothing_is_paid_or_cancelled_twice(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event)
    await pipeline.pay.execute(buyer, held.id, CARD)

    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    with pytest.raises(BookingNotCancellableError):
        await pipeline.cancel.execute(buyer, held.id)

    other = await pipeline.hold(buyer, event)
    await pipeline.cancel.execute(buyer, other.id)
    with pytest.raises(BookingNotCancellableError):
        await pipeline.cancel.execute(buyer, other.id)
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, other.id, CARD)
