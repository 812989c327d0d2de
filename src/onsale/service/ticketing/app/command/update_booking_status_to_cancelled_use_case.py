"""Cancel a booking: its seats are free in the ledger first, and in the seat store after."""

from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.booking_entity import Booking, CancelReason
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotFoundError,
    PaymentInProgressError,
)


@dataclass(frozen=True, slots=True)
class UpdateBookingStatusToCancelledUseCase:
    """Only the buyer cancels; whatever the store holds for the booking is owed back to it."""

    bookings: IBookingQueryRepository
    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher

    async def execute(self, principal: Principal, booking_id: UUID) -> Booking:
        """Cancel and return the booking.

        Raises:
            ForbiddenRoleError, NotOwnerError, BookingNotFoundError: not yours to cancel.
            PaymentInProgressError: money may be moving.
            BookingNotCancellableError: paid, or over already.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        found = await self.bookings.by_ids([booking_id])
        if booking_id not in found:
            raise BookingNotFoundError
        event_id = found[booking_id].event_id

        async def cancel(transaction: ITicketingTransaction) -> tuple[Booking, int]:
            events = await transaction.share_events([event_id])
            booking = (await transaction.lock_bookings([booking_id]))[booking_id]
            RoleAuthService.require_booking_buyer(principal, booking)
            if await transaction.has_open_attempt(booking_id):
                raise PaymentInProgressError
            booking.cancel(CancelReason.BUYER, transaction.now)
            await transaction.free_tickets([booking_id])
            await transaction.save_bookings([booking])
            return booking, events[event_id].epoch

        booking, epoch = await self.unit_of_work.run(cancel)
        self.commands.post([booking], {event_id: epoch})
        await self.notices.publish(bookings=[booking_id], events=[event_id])
        return booking
