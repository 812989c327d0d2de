"""Bookings as their live viewers see them, many at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookingView,
    IBookingQueryRepository,
)


@dataclass(frozen=True, slots=True)
class ReadLiveBookingsUseCase:
    """For viewers whose right to see was judged when they came."""

    bookings: IBookingQueryRepository

    async def execute(self, booking_ids: Collection[UUID]) -> Mapping[UUID, BookingView]:
        """The bookings with their tickets; unknown ids are left out."""
        return await self.bookings.with_tickets(booking_ids)
