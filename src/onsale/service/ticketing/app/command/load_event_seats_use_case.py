"""Load an event's seats from the ledger into the seat store: the first time and ever after."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_map import ISeatInstaller
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)


@dataclass(frozen=True, slots=True)
class LoadedSeats:
    """What the seat store holds of an event from now on, and under which epoch."""

    seat_count: int
    epoch: int


@dataclass(frozen=True, slots=True)
class LoadEventSeatsUseCase:
    """While the event is owned no result is written for it, and results of commands that were sent
    under the epoch before are dropped after, so the snapshot stays true.
    """

    unit_of_work: ITicketingUnitOfWork
    install_seats: ISeatInstaller
    notices: ILiveNoticePublisher

    async def execute(self, event_id: int, *, always: bool = False) -> LoadedSeats | None:
        """Load the event if that is due (or ``always``); ``None`` if nothing was loaded.

        A crash before the commit leaves the store under an epoch that the ledger does not know:
        commands then come back stale and the load is asked for once more.

        Raises:
            UnavailableError: the ledger or the seat store is away; the load stays due.
            InconsistentSnapshotError: the ledger contradicts itself; nothing was changed.
        """

        async def load(transaction: ITicketingTransaction) -> LoadedSeats | None:
            if await transaction.own_event(event_id) is None:
                return None
            if not always and not await transaction.owes_load(event_id):
                return None
            epoch = await transaction.raise_epoch(event_id)
            snapshot = await transaction.snapshot_seats(event_id)
            await self.install_seats.execute(event_id, epoch, snapshot)
            await transaction.finish_load(event_id)
            return LoadedSeats(sum(each.layout.seat_count for each in snapshot), epoch)

        loaded = await self.unit_of_work.run(load)
        if loaded is not None:
            await self.notices.publish(events=[event_id], altered_events=[event_id])
        return loaded
