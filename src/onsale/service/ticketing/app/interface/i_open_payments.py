"""The port to payments that have not come to their end."""

from collections.abc import Sequence
from typing import Protocol

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import PaymentAttempt


class IOpenPayments(Protocol):
    """Reads what the reconciler has to settle."""

    async def orphaned_attempts(
        self, older_than_seconds: float, limit: int
    ) -> Sequence[PaymentAttempt]:
        """Open attempts that began longer ago than this, oldest first."""
        ...

    async def paid_bookings(self, older_than_seconds: float, limit: int) -> Sequence[Booking]:
        """Bookings that were paid longer ago than this and are not completed, oldest first."""
        ...
