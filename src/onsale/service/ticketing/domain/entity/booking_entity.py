"""A booking's life: each step is allowed from the states that it starts from, and no other.

    processing ─▶ pending_payment ─▶ paid ─▶ completed
        │ └─▶ failed ◀────┼────────────┘
        └─────────────────┴─▶ cancelled ◀─ from any state that is not over, and from completed,
                                           when its event is cancelled

A booking also records the one seat command that it still owes to the seat store. The row is thus
the outbox: ``command_seq`` grows with each new command and only the result that echoes it clears
the debt.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    BookingNotPayableError,
    HoldExpiredError,
    IllegalTransitionError,
    NotOwnerError,
)


class BookingStatus(StrEnum):
    """Where a booking stands."""

    PROCESSING = "processing"
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the booking."""
        return self in (self.COMPLETED, self.FAILED, self.CANCELLED)

    @property
    def is_live(self) -> bool:
        """Whether the booking has its seats, or may yet get them."""
        return self not in (self.FAILED, self.CANCELLED)

    @property
    def holds_seats(self) -> bool:
        """Whether the booking has tickets of its own."""
        return self in (self.PENDING_PAYMENT, self.PAID, self.COMPLETED)


class CancelReason(StrEnum):
    """Who or what ended a booking."""

    BUYER = "buyer"
    EXPIRED = "expired"
    EVENT_CANCELLED = "event_cancelled"


class OwedCommand(StrEnum):
    """The seat command that a booking owes to the seat store."""

    RESERVE = "reserve"
    RELEASE = "release"
    FINALIZE = "finalize"


@dataclass(slots=True)
class Booking:
    """One order of one to ten seats of one subsection; ``total_price`` in cents of ``currency``.

    ``seat_rules`` go with the reserve, however often it is sent; most bookings have none.
    """

    id: UUID
    buyer_id: int
    event_id: int
    section: str
    subsection: int
    seat_selection_mode: SelectionMode
    quantity: int
    seat_positions: tuple[str, ...]
    total_price: int
    currency: str
    status: BookingStatus
    created_at: datetime
    seat_rules: SeatRules | None = None
    failure_reason: str | None = None
    cancel_reason: CancelReason | None = None
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    payment_id: str | None = None
    command: OwedCommand | None = OwedCommand.RESERVE
    command_seq: int = 1
    next_send_at: datetime | None = None

    @property
    def admits(self) -> bool:
        """Whether its tickets let anybody in: their codes are good just as long."""
        return self.status is BookingStatus.COMPLETED

    def require_buyer(self, user_id: int) -> None:
        """Raise ``NotOwnerError`` unless the booking is this user's."""
        if self.buyer_id != user_id:
            raise NotOwnerError

    def owes(self, command: OwedCommand, seq: int) -> bool:
        """Whether exactly this command is what the booking still waits for."""
        return self.command is command and self.command_seq == seq

    def hold(self, positions: tuple[str, ...], total_price: int, expires_at: datetime) -> None:
        """The seats are the buyer's until ``expires_at``; the reserve is settled."""
        self._require(BookingStatus.PROCESSING)
        self.status = BookingStatus.PENDING_PAYMENT
        self.seat_positions = positions
        self.total_price = total_price
        self.expires_at = expires_at
        self.settle()

    def fail(self, reason: str) -> None:
        """The buyer gets no seats, and is told why."""
        self._require(BookingStatus.PROCESSING)
        self.status = BookingStatus.FAILED
        self.failure_reason = reason
        self.settle()

    def require_payable(self, now: datetime) -> None:
        """Raise unless a payment may start at ``now``.

        Raises:
            HoldExpiredError: the hold ran out, whether or not it was released since.
            BookingNotPayableError: there is no hold to pay.
        """
        if self.cancel_reason is CancelReason.EXPIRED:
            raise HoldExpiredError
        if self.status is not BookingStatus.PENDING_PAYMENT or self.expires_at is None:
            raise BookingNotPayableError(status=self.status.value)
        if self.expires_at <= now:
            raise HoldExpiredError

    def pay(self, payment_id: str, paid_at: datetime) -> None:
        """Money was taken. The open payment attempt has kept the hold since it began."""
        self._require(BookingStatus.PENDING_PAYMENT)
        self.status = BookingStatus.PAID
        self.payment_id = payment_id
        self.paid_at = paid_at

    def complete(self, now: datetime) -> None:
        """The tickets are sold; the seat store has yet to be told."""
        self._require(BookingStatus.PAID)
        self.status = BookingStatus.COMPLETED
        self.owe(OwedCommand.FINALIZE, now)

    def forfeit(self, reason: str) -> None:
        """It is paid, and its tickets cannot be sold: the money goes back. What the seat store has
        for it is for the event's next load to settle.
        """
        self._require(BookingStatus.PAID)
        self.status = BookingStatus.FAILED
        self.failure_reason = reason
        self.settle()

    def cancel(self, reason: CancelReason, now: datetime) -> None:
        """Give up the booking; whatever the seat store holds for it is owed back.

        Raises:
            BookingNotCancellableError: it is paid, or over already.
        """
        if self.status not in (BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT):
            raise BookingNotCancellableError(status=self.status.value)
        self.status = BookingStatus.CANCELLED
        self.cancel_reason = reason
        # Also while processing: the reserve may be on its way, and the release must outlive it.
        self.owe(OwedCommand.RELEASE, now)

    def call_off(self, now: datetime) -> None:
        """Its event is cancelled: it ends, paid for or not. What was paid is for the caller to hand
        back.
        """
        if not self.status.is_live:
            raise IllegalTransitionError(status=self.status.value)
        self.status = BookingStatus.CANCELLED
        self.cancel_reason = CancelReason.EVENT_CANCELLED
        self.owe(OwedCommand.RELEASE, now)

    def owe(self, command: OwedCommand, due_at: datetime) -> None:
        """A new command is due; results of earlier ones no longer count."""
        self.command = command
        self.command_seq += 1
        self.next_send_at = due_at

    def settle(self) -> None:
        """The owed command has had its effect."""
        self.command = None
        self.next_send_at = None

    def _require(self, status: BookingStatus) -> None:
        if self.status is not status:
            raise IllegalTransitionError(status=self.status.value, expected=status.value)
