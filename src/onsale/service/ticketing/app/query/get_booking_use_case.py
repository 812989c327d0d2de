"""One booking with its tickets."""

from dataclasses import dataclass, replace
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookingView,
    IBookingQueryRepository,
)
from onsale.service.ticketing.app.interface.i_ticket_codes import ITicketCodes, SoldTicket
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.exceptions import BookingNotFoundError


@dataclass(frozen=True, slots=True)
class GetBookingUseCase:
    """Readable from the moment the booking was accepted."""

    bookings: IBookingQueryRepository
    catalog: EventCatalog
    codes: ITicketCodes

    async def execute(self, principal: Principal, booking_id: UUID) -> BookingView:
        """The booking; with the codes of its tickets for its buyer once it is completed.

        Raises:
            BookingNotFoundError: there is none.
            NotOwnerError: it is neither yours nor for an event of yours.
        """
        view = (await self.bookings.with_tickets([booking_id])).get(booking_id)
        if view is None:
            raise BookingNotFoundError
        event = await self.catalog.get(view.booking.event_id)
        RoleAuthService.require_booking_reader(principal, view.booking, event.seller_id)
        if not (view.booking.admits and view.booking.buyer_id == principal.user_id):
            return view
        tickets = [
            replace(ticket, code=self.codes.issue(SoldTicket(ticket.id, booking_id)))
            for ticket in view.tickets
        ]
        return BookingView(view.booking, tickets)
