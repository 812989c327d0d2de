"""An event and all of its tickets: made together, from one seating configuration, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from onsale.service.shared_kernel.seating import TICKETS_PER_BOOKING_MAX
from onsale.service.ticketing.domain.exceptions import (
    EventCancelledError,
    EventNotOnSaleError,
    InvalidInputError,
    NotOwnerError,
)
from onsale.service.ticketing.domain.value_object.seating_config import SeatingConfig

HOLD_SECONDS_DEFAULT = 600
HOLD_SECONDS_MIN = 5
HOLD_SECONDS_MAX = 7_200
TICKETS_PER_BOOKING_DEFAULT = 4
TICKETS_PER_BUYER_MAX = 100


class EventStatus(StrEnum):
    """``draft`` until its seats are loaded; ``sold_out`` follows the seats and refuses nobody;
    ``cancelled`` is for good.
    """

    DRAFT = "draft"
    AVAILABLE = "available"
    SOLD_OUT = "sold_out"
    CANCELLED = "cancelled"


class TicketStatus(StrEnum):
    """What may be done with a seat, in the ledger's words."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    BLOCKED = "blocked"


class NewTicket(NamedTuple):
    """A ticket before it has an id: one seat and its price in cents."""

    section: str
    subsection: int
    row_number: int
    seat_number: int
    price: int


@dataclass(frozen=True, slots=True)
class EventDetails:
    """What a seller says about an event; times are in UTC. A buyer has at most
    ``max_tickets_per_buyer`` tickets of it, or, where that is ``None``, any number.
    """

    name: str
    description: str
    venue_name: str
    seating_config: SeatingConfig
    is_active: bool = True
    starts_at: datetime | None = None
    on_sale_at: datetime | None = None
    currency: str = "USD"
    hold_seconds: int = HOLD_SECONDS_DEFAULT
    max_tickets_per_booking: int = TICKETS_PER_BOOKING_DEFAULT
    max_tickets_per_buyer: int | None = None
    leave_no_single_seats: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An event as stored; ``epoch`` is the generation of its seat state, 0 while never loaded.

    ``version`` is another one whenever anything of the event is.
    """

    id: int
    seller_id: int
    details: EventDetails
    status: EventStatus
    epoch: int
    created_at: datetime
    version: int = 0

    def require_seller(self, user_id: int) -> None:
        """Raise ``NotOwnerError`` unless the event is this seller's."""
        if self.seller_id != user_id:
            raise NotOwnerError

    def require_not_cancelled(self) -> None:
        """Raise ``EventCancelledError`` if nothing of the event may change any more."""
        if self.status is EventStatus.CANCELLED:
            raise EventCancelledError

    def require_on_sale(self, now: datetime) -> None:
        """Raise ``EventNotOnSaleError`` unless bookings are taken at ``now``.

        A sold-out event takes them: a cancellation may free seats before the status follows.
        """
        is_open = self.status not in (EventStatus.DRAFT, EventStatus.CANCELLED)
        if not is_open or not self.details.is_active:
            raise EventNotOnSaleError
        opens_at = self.details.on_sale_at
        if opens_at is not None and now < opens_at:
            raise EventNotOnSaleError(opens_at)


@dataclass(frozen=True, slots=True)
class EventTicketingAggregate:
    """A new event with one ticket for every seat of its hall."""

    seller_id: int
    details: EventDetails

    @classmethod
    def create(cls, seller_id: int, details: EventDetails) -> "EventTicketingAggregate":
        """Check the rules that bind event and tickets.

        Raises:
            InvalidInputError: a limit of hold time or of tickets per booking is exceeded.
        """
        if not HOLD_SECONDS_MIN <= details.hold_seconds <= HOLD_SECONDS_MAX:
            raise InvalidInputError(
                "hold_seconds", f"a hold lasts {HOLD_SECONDS_MIN} to {HOLD_SECONDS_MAX} seconds"
            )
        if not 1 <= details.max_tickets_per_booking <= TICKETS_PER_BOOKING_MAX:
            raise InvalidInputError(
                "max_tickets_per_booking", f"a booking takes 1 to {TICKETS_PER_BOOKING_MAX} tickets"
            )
        buyer_limit = details.max_tickets_per_buyer
        if buyer_limit is not None and not 1 <= buyer_limit <= TICKETS_PER_BUYER_MAX:
            raise InvalidInputError(
                "max_tickets_per_buyer", f"a limit per buyer is 1 to {TICKETS_PER_BUYER_MAX}"
            )
        return cls(seller_id, details)

    @property
    def ticket_count(self) -> int:
        """How many tickets :meth:`tickets` yields."""
        return self.details.seating_config.seat_count

    def tickets(self) -> Iterator[NewTicket]:
        """Every ticket, row by row, one at a time: a million of them never stand in memory."""
        for layout in self.details.seating_config:
            for row in range(1, layout.rows + 1):
                price = layout.price_of(row)
                for seat in range(1, layout.seats_per_row + 1):
                    yield NewTicket(layout.section, layout.subsection, row, seat, price)
