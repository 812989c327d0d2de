"""Money that was taken and could not lead to tickets, or no longer shall."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid5

# The id follows from the payment: also two ledgers of one history give the money back once.
_REFUNDS = UUID("7b0c8a5e-64f3-5d1b-9a52-3f0a7c1e9d44")


class RefundReason(StrEnum):
    """Why money goes back."""

    # Captured although the attempt had been closed without a payment: the gateway was late.
    LATE = "late"
    # The attempt has its payment; this is another one under the same key.
    DOUBLED = "doubled"
    # When the money had come the booking no longer waited for it.
    NOT_PAYABLE = "not_payable"
    # The booking was paid and its tickets could not be sold.
    TICKETS_MISSING = "tickets_missing"
    # The event will not take place.
    EVENT_CANCELLED = "event_cancelled"


@dataclass(frozen=True, slots=True)
class PaymentRefund:
    """The return of one whole payment of ``amount`` cents. ``id`` is also the gateway's key of the
    refund; ``attempt_id`` and ``booking_id`` are told where they are known.
    """

    id: UUID
    payment_id: str
    amount: int
    reason: RefundReason
    attempt_id: UUID | None = None
    booking_id: UUID | None = None

    @classmethod
    def of(
        cls,
        payment_id: str,
        amount: int,
        reason: RefundReason,
        *,
        attempt_id: UUID | None = None,
        booking_id: UUID | None = None,
    ) -> Self:
        """The one refund that this payment can have."""
        return cls(
            refund_id_of(payment_id),
            payment_id,
            amount,
            reason,
            attempt_id=attempt_id,
            booking_id=booking_id,
        )


def refund_id_of(payment_id: str) -> UUID:
    """The gateway's key of the refund of a payment."""
    return uuid5(_REFUNDS, payment_id)
