"""One event with the seats left in each subsection."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.seat_count_reader import SeatCountReader
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event


@dataclass(frozen=True, slots=True)
class SubsectionCounts:
    """A subsection and how many of its seats are in each state."""

    layout: SubsectionLayout
    counts: SeatCounts


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as buyers see it."""

    event: Event
    sections: Sequence[SubsectionCounts]


@dataclass(frozen=True, slots=True)
class GetEventUseCase:
    """Counts come from the seat store, kept with the seats; no ticket is loaded to count it."""

    catalog: EventCatalog
    counts: SeatCountReader

    async def execute(self, event_id: int) -> EventView:
        """The event, at most a second behind.

        Raises:
            EventNotFoundError: there is no such event.
        """
        event = await self.catalog.get(event_id)
        counts = await self.counts.read(event)
        return EventView(
            event,
            [
                SubsectionCounts(layout, counts[layout.section, layout.subsection])
                for layout in event.details.seating_config
            ],
        )
