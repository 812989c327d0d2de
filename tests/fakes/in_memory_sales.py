"""Sales as bookings in memory and the seats of their events have them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor

from onsale.service.shared_kernel.seating import SeatCounts, SeatPosition
from onsale.service.ticketing.app.interface.i_sales import (
    SECONDS_TOLD,
    PlaceSales,
    SalesFigures,
    SeatKey,
    TakenTicket,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus, TicketStatus
from tests.fakes.in_memory_bookings import InMemoryBookings
from tests.fakes.in_memory_events import InMemoryEvents


@dataclass
class InMemorySales:
    """What is owed back is what was paid for a cancelled event: it is never given back here."""

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
        return SalesFigures(places, self._by_second(event_id), self._refunds_due(event_id))

    async def taken_tickets(
        self, event_id: int, *, after: SeatKey, limit: int
    ) -> Sequence[TakenTicket]:
        taken: list[TakenTicket] = []
        hall = self.events.events[event_id].details.seating_config
        for booking in self._bookings_of(event_id):
            if not booking.status.holds_seats:
                continue
            layout = hall.find(booking.section, booking.subsection)
            is_sold = booking.status is BookingStatus.COMPLETED
            taken += [
                TakenTicket(
                    SeatKey(booking.section, booking.subsection, seat.row, seat.seat),
                    TicketStatus.SOLD if is_sold else TicketStatus.RESERVED,
                    layout.price_of(seat.row),
                    booking.id,
                    booking.created_at,
                )
                for seat in map(SeatPosition.parse, booking.seat_positions)
            ]
        behind = sorted((each for each in taken if each.seat > after), key=lambda each: each.seat)
        return behind[:limit]

    def _bookings_of(self, event_id: int) -> Iterable[Booking]:
        return (each for each in self.bookings.bookings.values() if each.event_id == event_id)

    def _by_second(self, event_id: int) -> list[int]:
        seconds, now = [0] * SECONDS_TOLD, datetime.now(UTC)
        hold = timedelta(seconds=self.events.events[event_id].details.hold_seconds)
        for booking in self._bookings_of(event_id):
            if booking.expires_at is not None:
                seconds_ago = max(0, floor((now - booking.expires_at + hold).total_seconds()))
                if seconds_ago < SECONDS_TOLD:
                    seconds[-1 - seconds_ago] += 1
        return seconds

    def _refunds_due(self, event_id: int) -> int:
        if self.events.events[event_id].status is not EventStatus.CANCELLED:
            return 0
        paid = {BookingStatus.PAID, BookingStatus.COMPLETED}
        return sum(each.total_price for each in self._bookings_of(event_id) if each.status in paid)
