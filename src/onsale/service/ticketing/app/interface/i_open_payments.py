"""The port to payments that have not come to their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import PaymentAttempt


@dataclass(frozen=True, slots=True)
class OrphanedAttempt:
    """An attempt whose process seems to have died; ``is_wanted`` while its booking waits for it."""

    attempt: PaymentAttempt
    is_wanted: bool


class IOpenPayments(Protocol):
    """Reads what the reconciler has to settle."""

    async def orphaned_attempts(
        self, older_than_seconds: float, *, after: UUID, limit: int
    ) -> Sequence[OrphanedAttempt]:
        """Attempts under way that made their latest step longer ago than this, with an id above
        ``after``, by id.
        """
        ...

    async def paid_bookings(
        self, older_than_seconds: float, *, after: UUID, limit: int
    ) -> Sequence[Booking]:
        """Bookings paid longer ago than this and not completed, with an id above ``after``."""
        ...
