"""The part of a ledger transaction that deals with money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from onsale.service.ticketing.app.interface.i_payment_gateway import GatewayPayment
from onsale.service.ticketing.domain.entity.payment_attempt import PaymentAttempt
from onsale.service.ticketing.domain.entity.payment_refund import PaymentRefund


@dataclass(frozen=True, slots=True)
class PaymentKey:
    """A buyer's name for a payment, and the digest of what was asked under it. Names of payments
    are apart from those of bookings, and good for 24 hours.
    """

    buyer_id: int
    key: str
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class KeyedAttempt:
    """What a key has begun before."""

    attempt: PaymentAttempt
    request_digest: bytes


class IPaymentTransaction(Protocol):
    """Attempts, refunds and the account of what the gateway has taken.

    An attempt is locked after its booking, never before.
    """

    async def keyed_attempt(self, key: PaymentKey) -> KeyedAttempt | None:
        """The attempt that the buyer's key has begun, whatever was asked under it."""
        ...

    async def open_attempt(self, attempt: PaymentAttempt, key: PaymentKey | None = None) -> bool:
        """Record that a payment begins; ``False`` when the booking has one under way already, or
        the key is taken.
        """
        ...

    async def has_open_attempt(self, booking_id: UUID) -> bool:
        """Whether money may be moving for the booking."""
        ...

    async def authorize_attempt(self, attempt_id: UUID) -> bool:
        """Record that the gateway has authorized; ``False`` when the attempt is not open any more
        (another has taken it on, or given it up).
        """
        ...

    async def close_attempt(self, attempt: PaymentAttempt) -> bool:
        """Record the outcome; ``False`` when somebody else has closed the attempt before. One that
        is voided gives its key back.
        """
        ...

    async def attempt(self, attempt_id: UUID) -> PaymentAttempt:
        """The attempt as it stands."""
        ...

    async def owe_refund(self, refund: PaymentRefund) -> bool:
        """Record that money must be given back; ``False`` when its payment has a refund already."""
        ...

    async def take_due_refunds(self, limit: int) -> list[PaymentRefund]:
        """Up to ``limit`` refunds that are due, skipping those in other hands. Each counts as tried
        and is due again after a while, longer each time, unless it is finished before.
        """
        ...

    async def finish_refund(self, refund_id: UUID) -> bool:
        """The money was given back; ``False`` when that was recorded before."""
        ...

    async def swept_to(self) -> datetime:
        """The gateway's payments were accounted for up to here (by its clock). The first question
        draws the line at the present.
        """
        ...

    async def look_back(self) -> datetime | None:
        """Two days before that, once a day: whoever is told is to compare from there again."""
        ...

    async def earliest_unsettled(self, payments: Sequence[GatewayPayment]) -> datetime | None:
        """When the first of these was taken whose attempt is still under way."""
        ...

    async def owe_stray_refunds(self, payments: Sequence[GatewayPayment]) -> int:
        """Owe the return of those whose attempt was closed without them; tell how many are new."""
        ...

    async def question_strays(self, payments: Sequence[GatewayPayment]) -> list[GatewayPayment]:
        """Keep those whose key is no attempt's, for somebody to look at; return the new ones."""
        ...

    async def advance_sweep(self, moment: datetime) -> None:
        """The gateway's payments are accounted for up to here; it never goes back."""
        ...
