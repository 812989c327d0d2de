"""Write a batch of seat results into the ledger, in one transaction.

The seat store chose; the ledger guards. A ticket moves only from the state it must be in, and a
booking whose tickets did not all move fails alone, so PostgreSQL by itself never sells a seat
twice, even when the seat store is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
    SeatStateStale,
)
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    EventTerms,
    ITicketingTransaction,
    ITicketingUnitOfWork,
    TicketClaim,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    OwedCommand,
)
from onsale.service.ticketing.domain.exceptions import TicketCountMismatchError

SEAT_TAKEN = "seat_taken"
LOAD_PATIENCE = timedelta(seconds=2)


@dataclass(slots=True)
class _Decision:
    """What the results of one batch come to, before any ticket has moved."""

    claims: dict[UUID, TicketClaim] = field(default_factory=dict)
    changed: dict[UUID, Booking] = field(default_factory=dict)
    events_to_load: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ApplySeatResultsUseCase:
    """Idempotent: a result counts only if it answers the very command that its booking owes."""

    unit_of_work: ITicketingUnitOfWork
    notices: ILiveNoticePublisher
    on_seats_changed: Callable[[set[int]], None]

    async def execute(self, results: Sequence[SeatResult]) -> None:
        """Apply the results in order, then wake whoever watches."""
        try:
            changed = await self.unit_of_work.run(partial(self._apply, results, singly=False))
        except TicketCountMismatchError:
            changed = await self.unit_of_work.run(partial(self._apply, results, singly=True))
        if changed:
            event_ids = {booking.event_id for booking in changed}
            self.on_seats_changed(event_ids)
            await self.notices.publish(
                bookings=[booking.id for booking in changed], events=event_ids
            )

    async def _apply(
        self, results: Sequence[SeatResult], transaction: ITicketingTransaction, *, singly: bool
    ) -> list[Booking]:
        # An event that is being loaded keeps no other waiting: its results are of the epoch that
        # ends, and what its bookings owe is sent again.
        events = await transaction.share_events(
            {result.event_id for result in results}, skip_owned=True
        )
        bookings = await transaction.lock_bookings({result.booking_id for result in results})
        decision = self._decide(results, events, bookings, transaction)
        claims = list(decision.claims.values())
        if singly:
            for claim in claims:
                try:
                    async with transaction.savepoint():
                        await self._hold([claim], events, transaction)
                except TicketCountMismatchError:
                    claim.booking.fail(SEAT_TAKEN)
                    decision.events_to_load.add(claim.booking.event_id)
        elif claims:
            await self._hold(claims, events, transaction)
        decision.changed.update((claim.booking.id, claim.booking) for claim in claims)
        changed = list(decision.changed.values())
        await transaction.save_bookings(changed)
        if decision.events_to_load:
            await transaction.request_load(decision.events_to_load)
        return changed

    @staticmethod
    async def _hold(
        claims: Sequence[TicketClaim],
        events: Mapping[int, EventTerms],
        transaction: ITicketingTransaction,
    ) -> None:
        moved = await transaction.hold_tickets(claims)
        short = [
            claim.booking.id
            for claim in claims
            if claim.booking.id not in moved
            or moved[claim.booking.id].count != claim.booking.quantity
        ]
        if short:
            raise TicketCountMismatchError(short)
        for claim in claims:
            hold_seconds = events[claim.booking.event_id].hold_seconds
            claim.booking.hold(
                claim.positions,
                moved[claim.booking.id].total_price,
                transaction.now + timedelta(seconds=hold_seconds),
            )

    @staticmethod
    def _decide(
        results: Sequence[SeatResult],
        events: Mapping[int, EventTerms],
        bookings: Mapping[UUID, Booking],
        transaction: ITicketingTransaction,
    ) -> _Decision:
        decision = _Decision()
        for result in results:
            event = events.get(result.event_id)
            booking = bookings.get(result.booking_id)
            if event is None:
                # Being loaded, or of another ledger. A load that succeeds makes its commands due
                # at once; one that fails must not leave them to their back-off.
                if booking is not None and booking.command_seq == result.seq:
                    _send_again(booking, transaction.now + LOAD_PATIENCE, decision)
            elif booking is None:
                if isinstance(result, SeatsReserved) and result.epoch == event.epoch:
                    # The ledger lost the booking (restored from a backup); its seats must be freed.
                    decision.events_to_load.add(event.event_id)
            elif result.epoch != event.epoch:
                if booking.command_seq == result.seq:
                    _send_again(booking, transaction.now, decision)
            elif booking.id not in decision.claims:
                _settle(result, booking, event, transaction, decision)
        return decision


def _send_again(booking: Booking, due_at: datetime, decision: _Decision) -> None:
    if booking.command is not None:
        booking.next_send_at = due_at
        decision.changed[booking.id] = booking


def _settle(
    result: SeatResult,
    booking: Booking,
    event: EventTerms,
    transaction: ITicketingTransaction,
    decision: _Decision,
) -> None:
    match result:
        case SeatsReserved() if event.is_cancelled and booking.owes(
            OwedCommand.RESERVE, result.seq
        ):
            # Its row may have been stored by a statement that began before the event was cancelled,
            # and been seen by nobody who ended the others.
            booking.call_off(transaction.now)
        case SeatsReserved() if booking.owes(OwedCommand.RESERVE, result.seq):
            decision.claims[booking.id] = TicketClaim(booking, result.positions)
            return
        case SeatsReserved() if booking.status is BookingStatus.FAILED and booking.command is None:
            booking.owe(OwedCommand.RELEASE, transaction.now)
        case SeatsRefused() if booking.owes(OwedCommand.RESERVE, result.seq):
            booking.fail(result.reason.value)
            if result.reason is RefusalReason.UNPROCESSABLE:
                # A dead letter: the store may have decided before the worker gave up on it.
                booking.owe(OwedCommand.RELEASE, transaction.now)
        case SeatsReleased() if booking.owes(OwedCommand.RELEASE, result.seq):
            booking.settle()
        case SeatsFinalized() if booking.owes(OwedCommand.FINALIZE, result.seq):
            booking.settle()
        case SeatStateStale() if booking.command is not None and booking.command_seq == result.seq:
            decision.events_to_load.add(booking.event_id)
            return
        case _:
            return
    decision.changed[booking.id] = booking
