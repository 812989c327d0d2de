"""Bookings as their live viewers see them, many at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.query.get_booking_use_case import BookingView


@dataclass(frozen=True, slots=True)
class ReadLiveBookingsUseCase:
    """For viewers whose right to see was judged when they came."""

    bookings: IBookingQueryRepository

    async def execute(self, booking_ids: Collection[UUID]) -> Mapping[UUID, BookingView]:
        """The bookings with their tickets; unknown ids are left out."""
        bookings = await self.bookings.by_ids(booking_ids)
        holding = [booking.id for booking in bookings.values() if booking.status.holds_seats]
        tickets = await self.bookings.tickets_of(holding) if holding else {}
        return {
            booking_id: BookingView(booking, tickets.get(booking_id, ()))
            for booking_id, booking in bookings.items()
        }
