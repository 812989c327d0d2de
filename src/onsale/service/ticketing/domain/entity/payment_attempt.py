"""One try to take the money for a booking.

open ─▶ authorized ─▶ captured
├───────────┴─────▶ declined    the card was refused
└───────────┴─────▶ voided      given up before any money moved
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AttemptStatus(StrEnum):
    """How far the attempt has come. While it is ``open`` or ``authorized`` money may be moving:
    nothing else can end the hold of its booking.
    """

    OPEN = "open"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"

    @property
    def is_final(self) -> bool:
        """Whether the gateway's answer is known for certain."""
        return self not in (self.OPEN, self.AUTHORIZED)


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """``id`` is also the gateway's idempotency key; ``amount`` in cents of ``currency``."""

    id: UUID
    booking_id: UUID
    amount: int
    currency: str
    status: AttemptStatus = AttemptStatus.OPEN
    payment_id: str | None = None
    decline_reason: str | None = None
