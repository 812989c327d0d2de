"""What the service answers. Money is integer cents, times are in UTC.

Fields that a newer service adds are left out, so that an older client goes on working.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from typing_extensions import override

from onsale.client.words import (
    BookingStatus,
    CancelReason,
    EventStatus,
    Role,
    SeatKind,
    SelectionMode,
    TicketStatus,
)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    id: int
    email: str
    name: str
    role: Role
    is_active: bool


class CurrentUser(msgspec.Struct, frozen=True):
    """Whose session a request has, if anybody's."""

    user: User | None


class Session(User, frozen=True, kw_only=True):
    """An account and the token of a new session of it."""

    access_token: str

    @override
    def __repr__(self) -> str:
        # Whoever has the token is the user.
        return f"Session(id={self.id}, email={self.email!r}, role={self.role.value!r})"


class PriceCategory(msgspec.Struct, frozen=True):
    """Rows, both ends included, whose seats have a price of their own."""

    name: str
    price: int
    rows: tuple[int, int]


class SubsectionLayout(msgspec.Struct, frozen=True):
    """One rectangle of seats."""

    number: int
    rows: int
    seats_per_row: int
    price_categories: Sequence[PriceCategory] | msgspec.UnsetType = msgspec.UNSET
    accessible: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    companion: Sequence[str] | msgspec.UnsetType = msgspec.UNSET


class SectionLayout(msgspec.Struct, frozen=True):
    """A section, the price of its seats, and its rectangles."""

    name: str
    price: int
    subsections: Sequence[SubsectionLayout]


class SeatingConfig(msgspec.Struct, frozen=True):
    """The hall."""

    sections: Sequence[SectionLayout]


class SectionCounts(msgspec.Struct, frozen=True):
    """A subsection and its seats by state; ``price`` is that of seats in no category."""

    section: str
    subsection: int
    price: int
    rows: int
    seats_per_row: int
    available: int
    reserved: int
    sold: int
    blocked: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event."""

    id: int
    seller_id: int
    name: str
    description: str
    venue_name: str
    seating_config: SeatingConfig
    is_active: bool
    status: EventStatus
    starts_at: datetime | None
    on_sale_at: datetime | None
    currency: str
    hold_seconds: int
    max_tickets_per_booking: int
    max_tickets_per_buyer: int | None
    leave_no_single_seats: bool
    created_at: datetime


class EventWithSections(Event, frozen=True, kw_only=True):
    """An event and the seats left in each subsection."""

    sections: Sequence[SectionCounts]


class EventPage(msgspec.Struct, frozen=True):
    """A page of events, newest first; without ``next_cursor`` it is the last."""

    items: Sequence[Event]
    next_cursor: str | None


class LiveEvent(msgspec.Struct, frozen=True):
    """What the stream of an event says: every subsection, then those that changed."""

    status: EventStatus
    sections: Sequence[SectionCounts]


class Seat(msgspec.Struct, frozen=True):
    """A seat; ``kind`` and ``category`` (of prices) only where it has one."""

    row: int
    seat: int
    status: TicketStatus
    price: int
    kind: SeatKind | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def position(self) -> str:
        """``row-seat``, as bookings name it."""
        return f"{self.row}-{self.seat}"


class SeatMap(msgspec.Struct, frozen=True, kw_only=True):
    """Every seat of a subsection, row by row."""

    event_id: int
    section: str
    subsection: int
    price: int
    currency: str
    rows: int
    seats_per_row: int
    seats: Sequence[Seat]


class Alternatives(msgspec.Struct, frozen=True):
    """Groups of adjacent seats (``row-seat``), nearest first."""

    alternatives: Sequence[Sequence[str]]


class Seats(msgspec.Struct, frozen=True):
    """Seats of a subsection (``row-seat``), in seat order."""

    seats: Sequence[str]


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket; ``code`` for its buyer once the booking is completed."""

    id: int
    section: str
    subsection: int
    row: int
    seat: int
    price: int
    status: TicketStatus
    code: str | msgspec.UnsetType = msgspec.UNSET


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking; positions in seat order."""

    id: UUID
    event_id: int
    section: str
    subsection: int
    seat_selection_mode: SelectionMode
    quantity: int
    seat_positions: Sequence[str]
    total_price: int
    currency: str
    status: BookingStatus
    failure_reason: str | None
    cancel_reason: CancelReason | None
    expires_at: datetime | None
    created_at: datetime
    paid_at: datetime | None
    status_url: str


class BookingWithTickets(Booking, frozen=True, kw_only=True):
    """A booking and the tickets that it holds, in seat order."""

    tickets: Sequence[Ticket]


class BookingPage(msgspec.Struct, frozen=True):
    """A page of bookings, newest first; without ``next_cursor`` it is the last."""

    items: Sequence[Booking]
    next_cursor: str | None


class PaidBooking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that was paid."""

    id: UUID
    status: BookingStatus
    payment_id: str | None
    paid_at: datetime | None


class CancelledBooking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that was cancelled."""

    id: UUID
    status: BookingStatus


class AdmittedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that let somebody in, and when."""

    ticket_id: int
    section: str
    subsection: int
    row: int
    seat: int
    admitted_at: datetime


class SectionSales(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold of a subsection; ``price`` is its own, ``revenue`` that of its sold tickets."""

    section: str
    subsection: int
    price: int
    available: int
    reserved: int
    sold: int
    blocked: int
    revenue: int


class Sales(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold of an event. ``refunds_due`` has been paid and is yet to be given back;
    ``bookings_last_minute`` are those that got their seats in each second, the oldest first.
    """

    event_id: int
    currency: str
    available: int
    reserved: int
    sold: int
    blocked: int
    revenue: int
    refunds_due: int
    bookings_last_minute: Sequence[int]
    sections: Sequence[SectionSales]


class TakenTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of an event's tickets that are reserved or sold.

    ``price_decimal`` is ``15.00`` for 1,500 cents, ``booked_at_utc`` is ``2031-05-01 19:30:00``.
    """

    section: str
    subsection: int
    row: int
    seat: int
    status: TicketStatus
    price_cents: int
    price_decimal: str
    currency: str
    booking_id: UUID
    booked_at_utc: str


class Alive(msgspec.Struct, frozen=True):
    """The process runs."""

    status: str
    version: str


class Ready(msgspec.Struct, frozen=True):
    """Everything can be reached; ``checks`` by dependency."""

    status: str
    checks: dict[str, str]


class EventView(msgspec.Struct, frozen=True):
    """An event as its stream leaves it: every subsection as it now is, and those that this step has
    changed (all of them in the first).
    """

    status: EventStatus
    sections: Sequence[SectionCounts]
    changed: Sequence[SectionCounts]
