"""Let the bearer of a ticket in: once, at whichever door comes first."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_ticket_codes import ITicketCodes
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    Admission,
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import AlreadyAdmittedError, TicketNotValidError


@dataclass(frozen=True, slots=True)
class AdmitTicketUseCase:
    """A code that nobody issued is refused before the ledger is asked."""

    catalog: EventCatalog
    codes: ITicketCodes
    unit_of_work: ITicketingUnitOfWork

    async def execute(self, principal: Principal, event_id: int, code: str) -> Admission:
        """Record that the ticket has let somebody in, and tell which seat is theirs.

        Raises:
            ForbiddenRoleError, NotOwnerError, EventNotFoundError: not your event.
            TicketNotValidError: forged, of another event, of one that is cancelled, or of a
                booking that is not completed.
            AlreadyAdmittedError: it has let somebody in before, and when.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        RoleAuthService.require_event_seller(principal, await self.catalog.get(event_id))
        ticket = self.codes.read(code)

        async def admit(transaction: ITicketingTransaction) -> Admission:
            # Locked, so that nothing ends the booking between the look at it and the admission.
            booking = (await transaction.lock_bookings([ticket.booking_id])).get(ticket.booking_id)
            if booking is None or booking.event_id != event_id or not booking.admits:
                raise TicketNotValidError
            # Its booking is about to end: nobody waits for that before the doors are shut.
            if await transaction.is_cancelled(event_id):
                raise TicketNotValidError
            admission = await transaction.admit_ticket(ticket.ticket_id, ticket.booking_id)
            if admission is None:
                raise TicketNotValidError
            if not admission.is_new:
                raise AlreadyAdmittedError(admission.admitted_at)
            return admission

        return await self.unit_of_work.run(admit)
