"""A client of the service, for programs that block and for asynchronous ones.

    with OnsaleClient("http://127.0.0.1:8000") as client:
        client.log_in("bea@example.com", "correct horse")
        booking = client.create_booking(1, "A", 1, quantity=2)
        held = client.wait_for_seats(booking)
        client.pay_booking(held, "4242 4242 4242 4242")

It imports nothing else of ``onsale``: httpx and msgspec are all that it needs.
"""

from onsale.client.answers import (
    AdmittedTicket,
    Alive,
    Alternatives,
    Booking,
    BookingPage,
    BookingWithTickets,
    CancelledBooking,
    CurrentUser,
    Event,
    EventPage,
    EventView,
    EventWithSections,
    PaidBooking,
    PriceCategory,
    Ready,
    Sales,
    SeatingConfig,
    SeatMap,
    Seats,
    SectionCounts,
    SectionSales,
    Session,
    TakenTicket,
    Ticket,
    User,
)
from onsale.client.clients import AsyncOnsaleClient, AsyncStream, OnsaleClient, Stream
from onsale.client.errors import (
    BadAnswerError,
    NoAnswerError,
    NotInTimeError,
    OnsaleError,
    ProblemError,
)
from onsale.client.options import ClientOptions
from onsale.client.requests import (
    EventChanges,
    Hall,
    NewEvent,
    NewSection,
    NewSubsection,
    RegularHall,
    RegularSection,
)
from onsale.client.words import (
    BookingStatus,
    CancelReason,
    EventOrder,
    EventStatus,
    Role,
    SeatKind,
    SelectionMode,
    TicketStatus,
)

__all__ = [
    "AdmittedTicket",
    "Alive",
    "Alternatives",
    "AsyncOnsaleClient",
    "AsyncStream",
    "BadAnswerError",
    "Booking",
    "BookingPage",
    "BookingStatus",
    "BookingWithTickets",
    "CancelReason",
    "CancelledBooking",
    "ClientOptions",
    "CurrentUser",
    "Event",
    "EventChanges",
    "EventOrder",
    "EventPage",
    "EventStatus",
    "EventView",
    "EventWithSections",
    "Hall",
    "NewEvent",
    "NewSection",
    "NewSubsection",
    "NoAnswerError",
    "NotInTimeError",
    "OnsaleClient",
    "OnsaleError",
    "PaidBooking",
    "PriceCategory",
    "ProblemError",
    "Ready",
    "RegularHall",
    "RegularSection",
    "Role",
    "Sales",
    "SeatKind",
    "SeatMap",
    "SeatingConfig",
    "Seats",
    "SectionCounts",
    "SectionSales",
    "SelectionMode",
    "Session",
    "Stream",
    "TakenTicket",
    "Ticket",
    "TicketStatus",
    "User",
]
