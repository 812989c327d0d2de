"""Give back the seats of holds that ran out."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    CancelReason,
)

# A batch is one transaction; its commands leave while the next is claimed.
BATCH_COUNT_MAX = 500
# Events of one batch, each locked. Loads own as many at a time as there are workers, and so leave
# some of them to be released from.
EVENT_COUNT_MAX = 500


@dataclass(frozen=True, slots=True)
class ReleaseExpiredHoldsUseCase:
    """Any number of workers may run this side by side: each skips what another has in hand."""

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher

    async def execute(self) -> int:
        """Cancel one batch of expired bookings, and tell how many they were."""
        expired, epochs = await self.unit_of_work.run(self._expire)
        if expired:
            self.commands.post(expired, epochs)
            await self.notices.publish(
                bookings=[booking.id for booking in expired],
                events={booking.event_id for booking in expired},
            )
        return len(expired)

    @staticmethod
    async def _expire(
        transaction: ITicketingTransaction,
    ) -> tuple[list[Booking], dict[int, int]]:
        candidates = await transaction.events_with_expired_holds(EVENT_COUNT_MAX)
        if not candidates:
            return [], {}
        # An event that is being loaded keeps the holds of no other waiting.
        events = await transaction.share_events(candidates, skip_owned=True)
        claimed = await transaction.claim_expired_holds(events, BATCH_COUNT_MAX)
        # Asked again under the lock: since the claim looked, a payment may have begun.
        being_paid = await transaction.being_paid([booking.id for booking in claimed])
        expired = [booking for booking in claimed if booking.id not in being_paid]
        if expired:
            for booking in expired:
                booking.cancel(CancelReason.EXPIRED, transaction.now)
            await transaction.free_tickets([booking.id for booking in expired])
            await transaction.save_bookings(expired)
        return expired, {event_id: event.epoch for event_id, event in events.items()}
