"""One booking with its tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookedTicket,
    IBookingQueryRepository,
)
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.exceptions import BookingNotFoundError


@dataclass(frozen=True, slots=True)
class BookingView:
    """A booking and the tickets that it holds, in seat order."""

    booking: Booking
    tickets: Sequence[BookedTicket]


@dataclass(frozen=True, slots=True)
class GetBookingUseCase:
    """Readable from the moment the booking was accepted."""

    bookings: IBookingQueryRepository
    catalog: EventCatalog

    async def execute(self, principal: Principal, booking_id: UUID) -> BookingView:
        """The booking.

        Raises:
            BookingNotFoundError: there is none.
            NotOwnerError: it is neither yours nor for an event of yours.
        """
        booking = (await self.bookings.by_ids([booking_id])).get(booking_id)
        if booking is None:
            raise BookingNotFoundError
        event = await self.catalog.get(booking.event_id)
        RoleAuthService.require_booking_reader(principal, booking, event.seller_id)
        tickets: Sequence[BookedTicket] = ()
        if booking.status.holds_seats:
            tickets = (await self.bookings.tickets_of([booking_id])).get(booking_id, ())
        return BookingView(booking, tickets)
