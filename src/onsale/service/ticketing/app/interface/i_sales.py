"""The port to what has been sold of an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from onsale.service.shared_kernel.seating import SeatCounts
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus

SECONDS_TOLD = 60


@dataclass(frozen=True, slots=True)
class PlaceSales:
    """Seats of a subsection by state, and the price of those that are sold, in cents."""

    counts: SeatCounts
    revenue: int


@dataclass(frozen=True, slots=True)
class SalesFigures:
    """``places`` by section and subsection. ``bookings_by_second`` has ``SECONDS_TOLD`` numbers,
    the oldest second first: bookings that got their seats in it. ``refunds_due`` are the cents that
    have been paid and have yet to be given back.
    """

    places: Mapping[tuple[str, int], PlaceSales]
    bookings_by_second: Sequence[int]
    refunds_due: int


class SeatKey(NamedTuple):
    """A seat of an event; seats are listed in this order."""

    section: str
    subsection: int
    row: int
    seat: int


@dataclass(frozen=True, slots=True)
class TakenTicket:
    """A ticket that is reserved or sold, for ``price`` cents; ``booked_at`` is when it was asked
    for.
    """

    seat: SeatKey
    status: TicketStatus
    price: int
    booking_id: UUID
    booked_at: datetime


class ISalesReader(Protocol):
    """Reads the ledger."""

    async def figures(self, event_id: int) -> SalesFigures:
        """What was sold of the event, all as it stood at one moment."""
        ...

    async def taken_tickets(
        self, event_id: int, *, after: SeatKey, limit: int
    ) -> Sequence[TakenTicket]:
        """Up to ``limit`` tickets that are reserved or sold, those that come after this seat."""
        ...
