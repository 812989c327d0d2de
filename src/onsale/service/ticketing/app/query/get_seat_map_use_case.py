"""Every seat of one subsection, as it stands."""

from dataclasses import dataclass

from onsale.service.shared_kernel.seating import SubsectionLayout
from onsale.service.ticketing.app.interface.i_seat_map import ILedgerSeats, ISeatMap
from onsale.service.ticketing.app.service.event_catalog import EventCatalog


@dataclass(frozen=True, slots=True)
class SeatMapView:
    """``states`` has one byte (``SeatState``) per seat, row by row."""

    event_id: int
    currency: str
    layout: SubsectionLayout
    states: bytes


@dataclass(frozen=True, slots=True)
class GetSeatMapUseCase:
    """Read from the seat store; from the ledger while the store holds nothing of the event."""

    catalog: EventCatalog
    seats: ISeatMap
    ledger: ILedgerSeats

    async def execute(self, event_id: int, section: str, subsection: int) -> SeatMapView:
        """The seat map.

        Raises:
            EventNotFoundError, SubsectionNotFoundError: there is none.
        """
        event = await self.catalog.get(event_id)
        layout = event.details.seating_config.find(section, subsection)
        (loaded,) = await self.seats.states(event_id, [layout])
        if loaded is None:
            states = await self.ledger.ticket_states(event_id, layout)
        else:
            states = loaded.states
        return SeatMapView(event_id, event.details.currency, layout, states)
