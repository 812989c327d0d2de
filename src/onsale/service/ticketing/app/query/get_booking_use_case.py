"""One booking with its tickets."""

from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookingView,
    IBookingQueryRepository,
)
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.exceptions import BookingNotFoundError


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
        view = (await self.bookings.with_tickets([booking_id])).get(booking_id)
        if view is None:
            raise BookingNotFoundError
        event = await self.catalog.get(view.booking.event_id)
        RoleAuthService.require_booking_reader(principal, view.booking, event.seller_id)
        return view
