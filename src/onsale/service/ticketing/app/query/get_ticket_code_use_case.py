"""The code of one ticket, for the one who may show it at the door."""

from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.interface.i_ticket_codes import ITicketCodes, SoldTicket
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import BookingNotFoundError, TicketNotFoundError


@dataclass(frozen=True, slots=True)
class GetTicketCodeUseCase:
    """Codes are made when they are asked for; none is stored."""

    bookings: IBookingQueryRepository
    codes: ITicketCodes

    async def execute(self, principal: Principal, booking_id: UUID, ticket_id: int) -> str:
        """The code.

        Raises:
            ForbiddenRoleError, NotOwnerError, BookingNotFoundError: not your booking.
            TicketNotFoundError: the booking has no such ticket, or is not completed.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        view = (await self.bookings.with_tickets([booking_id])).get(booking_id)
        if view is None:
            raise BookingNotFoundError
        RoleAuthService.require_booking_buyer(principal, view.booking)
        if not view.booking.admits or all(ticket.id != ticket_id for ticket in view.tickets):
            raise TicketNotFoundError
        return self.codes.issue(SoldTicket(ticket_id, booking_id))
