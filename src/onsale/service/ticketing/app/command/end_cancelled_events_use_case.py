"""End the bookings of cancelled events, and hand back what was paid for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from onsale.service.ticketing.app.interface.i_event_upkeep import IEventUpkeep
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.payment_ledger import hand_back
from onsale.service.ticketing.app.service.side_by_side import side_by_side
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_refund import RefundReason

BATCH_COUNT_MAX = 200
"""Bookings of one transaction; each that was paid is a statement of its own."""
EVENT_COUNT_MAX = 20
AT_ONCE_MAX = 2
"""More would take the connections of those who buy what is not cancelled."""
_BEGINNING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Batch:
    ended: Sequence[Booking]
    epochs: Mapping[int, int]
    next_start: UUID
    is_finished: bool


@dataclass(slots=True)
class EndCancelledEventsUseCase:
    """A booking ends, gives its tickets back and is owed its money in one transaction, so wherever
    a worker dies nothing is done by halves or twice. Any number of them may run this side by side.

    While money may be moving for a booking it is left alone: its payment is settled first, by the
    request that makes it or by the reconciler. Nor does an event that is being loaded, or cannot be
    ended, keep any other waiting.
    """

    upkeep: IEventUpkeep
    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher
    _event_after: int = 0
    _booking_after: dict[int, UUID] = field(default_factory=dict)

    async def execute(self) -> bool:
        """End one batch of each of the next few events, and tell whether more can end at once.

        Raises:
            ExceptionGroup: some could not be ended and stay due; all the others were.
        """
        event_ids = await self.upkeep.owing_cancellation(self._event_after, EVENT_COUNT_MAX)
        has_more_events = len(event_ids) == EVENT_COUNT_MAX
        self._event_after = event_ids[-1] if has_more_events else 0
        full_batch_count = await side_by_side(
            [partial(self._go_on, event_id) for event_id in event_ids], at_once_max=AT_ONCE_MAX
        )
        return full_batch_count > 0 or has_more_events

    async def _go_on(self, event_id: int) -> bool:
        after = self._booking_after.pop(event_id, _BEGINNING)
        batch = await self.unit_of_work.run(partial(self._end, event_id, after))
        if batch.next_start != _BEGINNING:
            self._booking_after[event_id] = batch.next_start
        if batch.ended:
            self.commands.post(batch.ended, batch.epochs)
            await self.notices.publish(
                bookings=[booking.id for booking in batch.ended], events=[event_id]
            )
        if batch.is_finished:
            await self.notices.publish(altered_events=[event_id])
        return batch.next_start != _BEGINNING

    @staticmethod
    async def _end(event_id: int, after: UUID, transaction: ITicketingTransaction) -> _Batch:
        events = await transaction.share_events([event_id], skip_owned=True)
        if event_id not in events:
            return _Batch([], {}, _BEGINNING, is_finished=False)
        claimed = await transaction.claim_live_bookings(
            event_id, after=after, limit=BATCH_COUNT_MAX
        )
        # Asked again under the lock: since the claim looked, a payment may have begun.
        being_paid = await transaction.being_paid([booking.id for booking in claimed])
        ended = [booking for booking in claimed if booking.id not in being_paid]
        for booking in ended:
            booking.call_off(transaction.now)
            if booking.payment_id is not None:
                await hand_back(transaction, booking, RefundReason.EVENT_CANCELLED)
        await transaction.reclaim_tickets([booking.id for booking in ended])
        await transaction.save_bookings(ended)
        is_last = len(claimed) < BATCH_COUNT_MAX
        is_finished = is_last and not await transaction.has_live_bookings(event_id)
        if is_finished:
            await transaction.finish_cancellation(event_id)
            # The seat store forgets after a month who has a seat: those it could not free.
            await transaction.request_load([event_id])
        return _Batch(
            ended,
            {each: terms.epoch for each, terms in events.items()},
            _BEGINNING if is_last else claimed[-1].id,
            is_finished,
        )
