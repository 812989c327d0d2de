"""Bookings and their tickets, each call described once."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from onsale.client import answers as a
from onsale.client.call import EVENT_STREAM, Call, Repeat, decoded, query
from onsale.client.words import BookingStatus, SelectionMode

AnyBooking = a.Booking | UUID | str
"""A booking, or its id."""

_BOOKING = "/api/booking/{booking_id}"


def create_booking(
    event_id: int,
    section: str,
    subsection: int,
    *,
    seats: Sequence[str] = (),
    quantity: int | None = None,
    price_category: str | None = None,
    accessible_seats: int = 0,
    idempotency_key: str | None = None,
) -> Call[a.Booking]:
    """Book these ``seats`` (``row-seat``), or the best ``quantity`` that are to be had.

    A key of its own is made for each call, and kept when it has to be repeated.
    """
    body: dict[str, object] = {
        "event_id": event_id,
        "section": section,
        "subsection": subsection,
        "seat_selection_mode": SelectionMode.MANUAL if seats else SelectionMode.BEST_AVAILABLE,
        "seat_positions": list(seats),
        "quantity": quantity if quantity is not None else max(1, len(seats)),
        "price_category": price_category,
        "accessible_seats": accessible_seats,
    }
    return Call(
        method="POST",
        template="/api/booking",
        status=202,
        body=body,
        idempotency_key=_new_key() if idempotency_key is None else idempotency_key,
        parse=decoded(a.Booking),
    )


def list_bookings(
    *,
    status: BookingStatus | str | None = None,
    event_id: int | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[a.BookingPage]:
    """A page of bookings, newest first: a buyer's own, or those of a seller's events."""
    return Call(
        method="GET",
        template="/api/booking",
        query=query(status=status, event_id=event_id, limit=limit, cursor=cursor),
        parse=decoded(a.BookingPage),
    )


def get_booking(booking: AnyBooking) -> Call[a.BookingWithTickets]:
    """A booking with its tickets: for its buyer and for the seller of its event."""
    return Call(
        method="GET",
        template=_BOOKING,
        path={"booking_id": _id_of(booking)},
        parse=decoded(a.BookingWithTickets),
    )


def follow_booking(booking: AnyBooking) -> Call[a.BookingWithTickets]:
    """The stream of a booking; this reads one piece of data of it."""
    return Call(
        method="GET",
        template=f"{_BOOKING}/sse",
        path={"booking_id": _id_of(booking)},
        accept=EVENT_STREAM,
        parse=decoded(a.BookingWithTickets),
    )


def pay_booking(
    booking: AnyBooking, card_number: str, *, idempotency_key: str | None = None
) -> Call[a.PaidBooking]:
    """Pay a booking that is held.

    A key of its own is made for each call, and kept when it has to be repeated: the card is charged
    once. After ``PaymentUnknownError`` pay with the key that the error has.
    """
    return Call(
        method="POST",
        template=f"{_BOOKING}/pay",
        path={"booking_id": _id_of(booking)},
        body={"card_number": card_number},
        idempotency_key=_new_key() if idempotency_key is None else idempotency_key,
        passing_when_repeated=frozenset({"PAYMENT_IN_PROGRESS"}),
        parse=decoded(a.PaidBooking),
    )


def cancel_booking(booking: AnyBooking) -> Call[a.CancelledBooking]:
    """Give a booking up."""
    return Call(
        method="POST",
        template=f"{_BOOKING}/cancel",
        path={"booking_id": _id_of(booking)},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.CancelledBooking),
    )


def get_qr_code(booking: AnyBooking, ticket: a.Ticket | int) -> Call[bytes]:
    """The code of a ticket as a picture (SVG), once the booking is completed."""
    return Call(
        method="GET",
        template=f"{_BOOKING}/tickets/{{ticket_id}}/qr.svg",
        path={
            "booking_id": _id_of(booking),
            "ticket_id": ticket.id if isinstance(ticket, a.Ticket) else ticket,
        },
        accept="image/svg+xml",
        parse=bytes,
    )


def _new_key() -> str:
    return uuid4().hex


def _id_of(booking: AnyBooking) -> object:
    return booking.id if isinstance(booking, a.Booking) else booking
