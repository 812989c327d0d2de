"""Load an event's seats from the ledger into the seat store: the first time and ever after."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_seat_map import ISeatInstaller
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)


@dataclass(frozen=True, slots=True)
class LoadEventSeatsUseCase:
    """While the event is owned no result is written for it, and results of commands that were sent
    under the epoch before are dropped after, so the snapshot stays true.
    """

    unit_of_work: ITicketingUnitOfWork
    install_seats: ISeatInstaller
    notices: ILiveNoticePublisher

    async def execute(self, event_id: int, *, always: bool = False) -> bool:
        """Load the event if that is due (or ``always``), and tell whether it was loaded.

        A crash before the commit leaves the store under an epoch that the ledger does not know:
        commands then come back stale and the load is asked for once more.

        Raises:
            UnavailableError: the ledger or the seat store is away; the load stays due.
        """

        async def load(transaction: ITicketingTransaction) -> bool:
            if await transaction.own_event(event_id) is None:
                return False
            if not always and not await transaction.owes_load(event_id):
                return False
            epoch = await transaction.raise_epoch(event_id)
            snapshot = await transaction.snapshot_seats(event_id)
            await self.install_seats.execute(event_id, epoch, snapshot)
            await transaction.finish_load(event_id)
            return True

        loaded = await self.unit_of_work.run(load)
        if loaded:
            await self.notices.publish(events=[event_id], altered_events=[event_id])
        return loaded
