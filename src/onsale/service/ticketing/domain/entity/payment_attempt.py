"""One try to take the money for a booking."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AttemptStatus(StrEnum):
    """``open`` until the gateway's answer is known for certain."""

    OPEN = "open"
    CAPTURED = "captured"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """``id`` is also the gateway's idempotency key; ``amount`` in cents of ``currency``."""

    id: UUID
    booking_id: UUID
    amount: int
    currency: str
    status: AttemptStatus = AttemptStatus.OPEN
    payment_id: str | None = None
