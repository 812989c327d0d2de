"""Bookings as clients see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seating import TICKETS_PER_BOOKING_MAX, SeatPosition
from onsale.service.ticketing.app.command.create_booking_use_case import BookingRequest
from onsale.service.ticketing.app.interface.i_booking_repository import BookedTicket, BookingView
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from onsale.service.ticketing.domain.exceptions import InvalidInputError
from onsale.service.ticketing.driving_adapter.schema.fields import (
    CardNumber,
    Position,
    RequestModel,
    ShortText,
    Word,
    utc,
)
from onsale.service.ticketing.driving_adapter.schema.seat_positions import seat_positions_of


class CreateBookingRequest(RequestModel):
    """Seats that a buyer wants. ``manual`` names each of them; ``best_available`` names none."""

    event_id: int = Field(ge=1)
    # Any text and number may be asked for: one that the event does not have is not found.
    section: ShortText = Field(examples=["A"])
    subsection: int = Field(examples=[1])
    seat_selection_mode: Word[SelectionMode]
    seat_positions: (
        Annotated[list[Position], Field(max_length=TICKETS_PER_BOOKING_MAX, fail_fast=True)] | None
    ) = Field(default=None, description="`row-seat`, both from 1", examples=[["1-1", "1-2"]])
    quantity: int = Field(
        ge=1,
        le=TICKETS_PER_BOOKING_MAX,
        description="the event may allow fewer than ten: see `max_tickets_per_booking`",
    )
    price_category: ShortText | None = Field(
        default=None,
        description="best_available only: choose in the rows of this category of the subsection",
        examples=["front"],
    )
    accessible_seats: int = Field(
        default=0,
        ge=0,
        le=TICKETS_PER_BOOKING_MAX,
        description=(
            "best_available only: how many of the seats, at the least, must be accessible; all of "
            "them are then adjacent in one row. Without it no accessible or companion seat is given"
        ),
    )

    def to_request(self) -> BookingRequest:
        """What is asked for, in the words of the use case.

        Raises:
            InvalidInputError: positions that are malformed, repeated, missing or too many; wishes
                that do not go with them.
        """
        self._check_wishes()
        return BookingRequest(
            event_id=self.event_id,
            section=self.section,
            subsection=self.subsection,
            mode=self.seat_selection_mode,
            positions=self._positions(),
            quantity=self.quantity,
            price_category=self.price_category,
            accessible_seats=self.accessible_seats,
        )

    def _check_wishes(self) -> None:
        if self.accessible_seats > self.quantity:
            raise InvalidInputError("accessible_seats", "no more than `quantity`")
        if self.seat_selection_mode is SelectionMode.MANUAL:
            if self.price_category is not None:
                raise InvalidInputError("price_category", "manual selection names its seats")
            if self.accessible_seats:
                raise InvalidInputError("accessible_seats", "manual selection names its seats")

    def _positions(self) -> tuple[SeatPosition, ...]:
        texts = self.seat_positions or []
        if self.seat_selection_mode is SelectionMode.BEST_AVAILABLE:
            if texts:
                raise InvalidInputError("seat_positions", "best_available takes no positions")
            return ()
        positions = seat_positions_of(texts, "seat_positions")
        if len(texts) != self.quantity:
            raise InvalidInputError(
                "seat_positions", "manual selection needs exactly `quantity` positions"
            )
        return positions


class PayBookingRequest(RequestModel):
    """The card to charge."""

    card_number: CardNumber = Field(
        description="12 to 19 digits; spaces and dashes may divide them",
        examples=["4242 4242 4242 4242"],
    )


class TicketBody(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket; ``price`` in cents, ``code`` for its buyer once the booking is completed."""

    id: int
    section: str
    subsection: int
    row: int
    seat: int
    price: int
    status: TicketStatus
    code: str | msgspec.UnsetType = msgspec.UNSET


class BookingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A booking; ``total_price`` in cents, times in UTC, positions in seat order."""

    id: UUID
    event_id: int
    section: str
    subsection: int
    seat_selection_mode: SelectionMode
    quantity: int
    seat_positions: tuple[str, ...]
    total_price: int
    currency: str
    status: BookingStatus
    failure_reason: str | None
    cancel_reason: CancelReason | None
    expires_at: datetime | None
    created_at: datetime
    paid_at: datetime | None
    status_url: str


class BookingWithTicketsBody(BookingBody, frozen=True, kw_only=True):
    """A booking and the tickets that it holds, in seat order."""

    tickets: list[TicketBody]


class BookingPageBody(msgspec.Struct, frozen=True):
    """A page of bookings, newest first; ``next_cursor`` is null on the last."""

    items: list[BookingBody]
    next_cursor: str | None


class PaidBookingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that was paid."""

    id: UUID
    status: BookingStatus
    payment_id: str | None
    paid_at: datetime | None


class CancelledBookingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that was cancelled."""

    id: UUID
    status: BookingStatus


def booking_body(booking: Booking) -> BookingBody:
    """The booking by itself."""
    return BookingBody(
        id=booking.id,
        event_id=booking.event_id,
        section=booking.section,
        subsection=booking.subsection,
        seat_selection_mode=booking.seat_selection_mode,
        quantity=booking.quantity,
        seat_positions=booking.seat_positions,
        total_price=booking.total_price,
        currency=booking.currency,
        status=booking.status,
        failure_reason=booking.failure_reason,
        cancel_reason=booking.cancel_reason,
        expires_at=booking.expires_at and utc(booking.expires_at),
        created_at=utc(booking.created_at),
        paid_at=booking.paid_at and utc(booking.paid_at),
        status_url=f"/api/booking/{booking.id}/sse",
    )


def booking_with_tickets_body(view: BookingView) -> BookingWithTicketsBody:
    """The booking and its tickets."""
    return BookingWithTicketsBody(
        **msgspec.structs.asdict(booking_body(view.booking)),
        tickets=[_ticket_body(ticket) for ticket in view.tickets],
    )


def paid_booking_body(booking: Booking) -> PaidBookingBody:
    """What became of a payment."""
    return PaidBookingBody(
        id=booking.id,
        status=booking.status,
        payment_id=booking.payment_id,
        paid_at=booking.paid_at and utc(booking.paid_at),
    )


def _ticket_body(ticket: BookedTicket) -> TicketBody:
    return TicketBody(
        id=ticket.id,
        section=ticket.section,
        subsection=ticket.subsection,
        row=ticket.row,
        seat=ticket.seat,
        price=ticket.price,
        status=ticket.status,
        code=msgspec.UNSET if ticket.code is None else ticket.code,
    )
