"""Every step of a booking is allowed from the states that it starts from, and from no other."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
    OwedCommand,
)
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    BookingNotPayableError,
    HoldExpiredError,
    IllegalTransitionError,
    NotOwnerError,
    TicketingError,
)

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def _booking(status: BookingStatus = BookingStatus.PROCESSING) -> Booking:
    booking = Booking(
        id=UUID(int=7),
        buyer_id=1,
        event_id=2,
        section="A",
        subsection=1,
        seat_selection_mode=SelectionMode.BEST_AVAILABLE,
        quantity=2,
        seat_positions=(),
        total_price=2_000,
        currency="USD",
        status=status,
        created_at=NOW,
    )
    if status is not BookingStatus.PROCESSING:
        booking.settle()
    if status is BookingStatus.PENDING_PAYMENT:
        booking.expires_at = LATER
    return booking


STEPS: dict[str, tuple[Callable[[Booking], None], set[BookingStatus]]] = {
    "hold": (lambda b: b.hold(("1-1", "1-2"), 2_000, LATER), {BookingStatus.PROCESSING}),
    "fail": (lambda b: b.fail("sold_out"), {BookingStatus.PROCESSING}),
    "pay": (lambda b: b.pay("pay_1", NOW), {BookingStatus.PENDING_PAYMENT}),
    "complete": (lambda b: b.complete(NOW), {BookingStatus.PAID}),
    "forfeit": (lambda b: b.forfeit("tickets_missing"), {BookingStatus.PAID}),
    "cancel": (
        lambda b: b.cancel(CancelReason.BUYER, NOW),
        {BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT},
    ),
    "call off": (
        lambda b: b.call_off(NOW),
        {
            each
            for each in BookingStatus
            if each not in (BookingStatus.FAILED, BookingStatus.CANCELLED)
        },
    ),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", BookingStatus)
def test_a_step_is_taken_from_its_own_states_only(step: str, status: BookingStatus) -> None:
    take, allowed_from = STEPS[step]
    booking = _booking(status)
    if status in allowed_from:
        take(booking)
        assert booking.status is not status
    else:
        with pytest.raises((IllegalTransitionError, BookingNotCancellableError)):
            take(booking)
        assert booking == _booking(status), "a refused step changes nothing"


@pytest.mark.parametrize("status", BookingStatus)
def test_only_a_hold_is_payable(status: BookingStatus) -> None:
    if status is BookingStatus.PENDING_PAYMENT:
        _booking(status).require_payable(NOW)
    else:
        with pytest.raises(BookingNotPayableError):
            _booking(status).require_payable(NOW)


def test_a_hold_is_not_payable_from_the_moment_it_expires() -> None:
    held = _booking(BookingStatus.PENDING_PAYMENT)
    held.require_payable(LATER - timedelta(microseconds=1))
    with pytest.raises(HoldExpiredError):
        held.require_payable(LATER)
    held.cancel(CancelReason.EXPIRED, LATER)
    with pytest.raises(HoldExpiredError):
        held.require_payable(LATER)


def test_a_new_command_outdates_the_one_before() -> None:
    booking = _booking()
    assert booking.owes(OwedCommand.RESERVE, 1)
    booking.cancel(CancelReason.BUYER, NOW)
    assert not booking.owes(OwedCommand.RESERVE, 1)
    assert booking.owes(OwedCommand.RELEASE, 2)
    booking.settle()
    assert not booking.owes(OwedCommand.RELEASE, 2)


def test_a_booking_that_is_called_off_gives_its_seats_back_and_keeps_its_payment() -> None:
    booking = _booking(BookingStatus.PENDING_PAYMENT)
    booking.pay("pay_1", NOW)
    booking.complete(NOW)
    booking.call_off(LATER)
    assert (booking.status, booking.cancel_reason) == (
        BookingStatus.CANCELLED,
        CancelReason.EVENT_CANCELLED,
    )
    assert booking.payment_id == "pay_1", "what goes back must be known"
    assert booking.owes(OwedCommand.RELEASE, 3)


def test_a_booking_is_its_buyers_alone() -> None:
    _booking().require_buyer(1)
    with pytest.raises(NotOwnerError):
        _booking().require_buyer(2)


def test_every_refusal_says_something() -> None:
    pending: list[type[TicketingError]] = [TicketingError]
    while pending:
        refusal = pending.pop()
        pending += refusal.__subclasses__()
        assert refusal.__doc__, refusal
