"""How many seats are left: from the seat store, or from the ledger while the store has none."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from onsale.service.shared_kernel.seating import SeatCounts
from onsale.service.ticketing.app.interface.i_seat_map import ILedgerSeats, ISeatMap
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventStatus

Counts = Mapping[tuple[str, int], SeatCounts]


@dataclass(slots=True)
class SeatCountReader:
    """The store keeps counts with the seats; counting tickets is the slow way, for a store that
    was wiped and is being loaded, and one process does it once at a time for each event.
    """

    seats: ISeatMap
    ledger: ILedgerSeats
    _counting: dict[int, asyncio.Task[Counts]] = field(default_factory=dict)

    async def read(self, event: Event) -> Counts:
        """Counts of every subsection of the event.

        Raises:
            UnavailableError: the seat store cannot be reached.
        """
        if event.status is EventStatus.DRAFT:
            return {
                (layout.section, layout.subsection): SeatCounts(layout.seat_count, 0, 0, 0)
                for layout in event.details.seating_config
            }
        counts = await self.seats.counts(event.id)
        if all((s.section, s.subsection) in counts for s in event.details.seating_config):
            return counts
        return await self._count_tickets(event.id)

    async def _count_tickets(self, event_id: int) -> Counts:
        task = self._counting.get(event_id)
        if task is None:
            task = asyncio.create_task(self.ledger.ticket_counts(event_id))
            self._counting[event_id] = task
            task.add_done_callback(lambda _: self._counting.pop(event_id, None))
        return await asyncio.shield(task)
