"""Sales as bookings in memory and the seats of their events have them."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.shared_kernel.seating import SeatCounts, SeatPosition
from onsale.service.ticketing.app.interface.i_sales import (
    SECONDS_TOLD,
    PlaceSales,
    SalesFigures,
    SeatKey,
    TakenTicket,
)
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from tests.fakes.in_memory_bookings import InMemoryBookings
from tests.fakes.in_memory_events import InMemoryEvents


@dataclass
class InMemorySales:
    """Nothing is ever owed back here, and nobody counts seconds."""

    events: InMemoryEvents
    bookings: InMemoryBookings

    async def figures(self, event_id: int) -> SalesFigures:
        tickets = await self.taken_tickets(event_id, after=SeatKey("", 0, 0, 0), limit=10**6)
        places = {}
        for layout in self.events.events[event_id].details.seating_config:
            where = (layout.section, layout.subsection)
            here = [ticket for ticket in tickets if ticket.seat[:2] == where]
            sold = [ticket for ticket in here if ticket.status is TicketStatus.SOLD]
            blocked = (await self.events.counts(event_id))[where].blocked
            free = layout.seat_count - len(here) - blocked
            counts = SeatCounts(free, len(here) - len(sold), len(sold), blocked)
            places[where] = PlaceSales(counts, sum(ticket.price for ticket in sold))
        return SalesFigures(places, [0] * SECONDS_TOLD, 0)

    async def taken_tickets(
        self, event_id: int, *, after: SeatKey, limit: int
    ) -> Sequence[TakenTicket]:
        taken: list[TakenTicket] = []
        for booking in self.bookings.bookings.values():
            if booking.event_id != event_id or not booking.status.holds_seats:
                continue
            is_sold = booking.status is BookingStatus.COMPLETED
            taken += [
                TakenTicket(
                    SeatKey(booking.section, booking.subsection, seat.row, seat.seat),
                    TicketStatus.SOLD if is_sold else TicketStatus.RESERVED,
                    booking.total_price // booking.quantity,
                    booking.id,
                    booking.created_at,
                )
                for seat in map(SeatPosition.parse, booking.seat_positions)
            ]
        behind = sorted((each for each in taken if each.seat > after), key=lambda each: each.seat)
        return behind[:limit]
