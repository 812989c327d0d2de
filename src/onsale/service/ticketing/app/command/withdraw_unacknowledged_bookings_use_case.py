"""Withdraw bookings whose buyers were told that nothing was stored."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
)

_WITHDRAWABLE = (BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT)


@dataclass(frozen=True, slots=True)
class WithdrawUnacknowledgedBookingsUseCase:
    """A statement whose answer came too late may have taken effect. Such a booking would hold seats
    that nobody knows of until its hold ends.
    """

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher

    async def execute(self, bookings: Collection[Booking]) -> Collection[UUID]:
        """Cancel those that exist, and return the ids of all that do. One that its buyer has found
        meanwhile and is paying for stays.

        Raises:
            UnavailableError: it is not known which exist.
        """
        event_ids = {booking.event_id for booking in bookings}
        ids = {booking.id for booking in bookings}

        async def withdraw(
            transaction: ITicketingTransaction,
        ) -> tuple[Collection[UUID], list[Booking], dict[int, int]]:
            events = await transaction.share_events(event_ids)
            found = await transaction.lock_bookings(ids)
            withdrawn = []
            for booking in found.values():
                if booking.status not in _WITHDRAWABLE:
                    continue
                if await transaction.has_open_attempt(booking.id):
                    continue
                booking.cancel(CancelReason.BUYER, transaction.now)
                withdrawn.append(booking)
            await transaction.free_tickets([booking.id for booking in withdrawn])
            await transaction.save_bookings(withdrawn)
            return found.keys(), withdrawn, {each: terms.epoch for each, terms in events.items()}

        found, withdrawn, epochs = await self.unit_of_work.run(withdraw)
        if withdrawn:
            self.commands.post(withdrawn, epochs)
            await self.notices.publish(
                bookings=[booking.id for booking in withdrawn],
                events={booking.event_id for booking in withdrawn},
            )
        return found
