"""Bookings, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookingFilter,
    IBookingQueryRepository,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole


@dataclass(frozen=True, slots=True)
class ListBookingsUseCase:
    """A buyer lists their own; a seller those of their own events."""

    bookings: IBookingQueryRepository

    async def execute(
        self,
        principal: Principal,
        *,
        status: BookingStatus | None,
        event_id: int | None,
        limit: int,
        before: UUID | None,
    ) -> Sequence[Booking]:
        """Up to ``limit`` bookings with an id below ``before``."""
        is_buyer = principal.role is UserRole.BUYER
        which = BookingFilter(
            buyer_id=principal.user_id if is_buyer else None,
            seller_id=None if is_buyer else principal.user_id,
            event_id=event_id,
            status=status,
        )
        return await self.bookings.page(which, limit=limit, before=before)
