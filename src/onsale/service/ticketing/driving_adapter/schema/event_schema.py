"""Events, their counts and their seat maps as clients see them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from pydantic import Field

from onsale.service.shared_kernel.seating import (
    TICKETS_PER_BOOKING_MAX,
    SeatState,
    SubsectionLayout,
)
from onsale.service.ticketing.app.query.get_event_use_case import EventView, SubsectionCounts
from onsale.service.ticketing.app.query.get_seat_map_use_case import SeatMapView
from onsale.service.ticketing.domain.alternative_seats import SeatGroups
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    HOLD_SECONDS_DEFAULT,
    HOLD_SECONDS_MAX,
    HOLD_SECONDS_MIN,
    TICKETS_PER_BOOKING_DEFAULT,
    TICKETS_PER_BUYER_MAX,
    Event,
    EventDetails,
    EventStatus,
    TicketStatus,
)
from onsale.service.ticketing.driving_adapter.schema.fields import (
    Currency,
    Description,
    Name,
    RequestModel,
    UtcTime,
    utc,
)
from onsale.service.ticketing.driving_adapter.schema.seating_schema import (
    AnyHallForm,
    SeatingConfigBody,
    seating_config_body,
)

_NO_SINGLES = (
    "refuse seats that are named and leave another one alone, where as many adjacent seats beside "
    "it would leave none"
)


class CreateEventRequest(RequestModel):
    """A new event with all its seats."""

    name: Name
    description: Description
    venue_name: Name
    seating_config: AnyHallForm
    is_active: bool = True
    starts_at: UtcTime | None = None
    on_sale_at: UtcTime | None = Field(
        default=None, description="when the sale opens; at once if not given"
    )
    currency: Currency = Field(default="USD", description="ISO 4217", examples=["USD"])
    hold_seconds: int = Field(
        default=HOLD_SECONDS_DEFAULT,
        ge=HOLD_SECONDS_MIN,
        le=HOLD_SECONDS_MAX,
        description="how long seats wait for payment",
    )
    max_tickets_per_booking: int = Field(
        default=TICKETS_PER_BOOKING_DEFAULT, ge=1, le=TICKETS_PER_BOOKING_MAX
    )
    max_tickets_per_buyer: int | None = Field(
        default=None,
        ge=1,
        le=TICKETS_PER_BUYER_MAX,
        description="in all bookings of a buyer that have not ended; null: any number",
    )
    leave_no_single_seats: bool = Field(default=False, description=_NO_SINGLES)

    def to_details(self) -> EventDetails:
        """The event in the words of the domain.

        Raises:
            InvalidInputError: the hall breaks a rule.
        """
        return EventDetails(
            name=self.name,
            description=self.description,
            venue_name=self.venue_name,
            seating_config=self.seating_config.to_domain(),
            is_active=self.is_active,
            starts_at=self.starts_at,
            on_sale_at=self.on_sale_at,
            currency=self.currency,
            hold_seconds=self.hold_seconds,
            max_tickets_per_booking=self.max_tickets_per_booking,
            max_tickets_per_buyer=self.max_tickets_per_buyer,
            leave_no_single_seats=self.leave_no_single_seats,
        )


def _without_default(schema: dict[str, Any]) -> None:
    # What is left out is left alone; a default in the documentation would say otherwise.
    schema.pop("default", None)


class UpdateEventRequest(RequestModel):
    """What may change of an event; fields that are left out stay as they are."""

    name: Name = Field(default="", json_schema_extra=_without_default)
    description: Description = Field(default="", json_schema_extra=_without_default)
    venue_name: Name = Field(default="", json_schema_extra=_without_default)
    is_active: bool = Field(default=True, json_schema_extra=_without_default)
    starts_at: UtcTime | None = Field(
        default=None, description="null: not known", json_schema_extra=_without_default
    )
    on_sale_at: UtcTime | None = Field(
        default=None, description="null: on sale at once", json_schema_extra=_without_default
    )
    max_tickets_per_buyer: int | None = Field(
        default=None,
        ge=1,
        le=TICKETS_PER_BUYER_MAX,
        description="null: any number",
        json_schema_extra=_without_default,
    )
    leave_no_single_seats: bool = Field(
        default=False, description=_NO_SINGLES, json_schema_extra=_without_default
    )

    def to_changes(self) -> dict[str, Any]:
        """The given fields and no other."""
        return self.model_dump(exclude_unset=True)


class SectionBody(msgspec.Struct, frozen=True):
    """A subsection, the price in cents of its seats that are in no category, and its seats by
    state.
    """

    section: str
    subsection: int
    price: int
    rows: int
    seats_per_row: int
    available: int
    reserved: int
    sold: int
    blocked: int


class EventBody(msgspec.Struct, frozen=True, kw_only=True):
    """An event; times in UTC."""

    id: int
    seller_id: int
    name: str
    description: str
    venue_name: str
    seating_config: SeatingConfigBody
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


class EventWithSectionsBody(EventBody, frozen=True, kw_only=True):
    """An event and the seats left in each subsection, at most a second old."""

    sections: list[SectionBody]


class EventPageBody(msgspec.Struct, frozen=True):
    """A page of events; ``next_cursor`` is null on the last."""

    items: list[EventBody]
    next_cursor: str | None


class SeatKind(StrEnum):
    """For whom a seat is set aside."""

    ACCESSIBLE = "accessible"
    COMPANION = "companion"


class SeatBody(msgspec.Struct, frozen=True):
    """A seat; ``price`` in cents. ``kind`` and ``category`` (of prices) only where it has one."""

    row: int
    seat: int
    status: TicketStatus
    price: int
    kind: SeatKind | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET


class AlternativesBody(msgspec.Struct, frozen=True):
    """At most three groups of adjacent seats (``row-seat``), nearest first."""

    alternatives: SeatGroups


class SeatMapBody(msgspec.Struct, frozen=True, kw_only=True):
    """Every seat of a subsection, row by row."""

    event_id: int
    section: str
    subsection: int
    price: int
    currency: str
    rows: int
    seats_per_row: int
    seats: list[SeatBody]


class LiveEventBody(msgspec.Struct, frozen=True):
    """Data of the event stream; an update names only the sections that changed."""

    status: EventStatus
    sections: Annotated[list[SectionBody], "in the order of the seating configuration"]


def section_body(part: SubsectionCounts) -> SectionBody:
    """One subsection with its counts."""
    layout, counts = part.layout, part.counts
    return SectionBody(
        layout.section,
        layout.subsection,
        layout.price,
        layout.rows,
        layout.seats_per_row,
        counts.available,
        counts.reserved,
        counts.sold,
        counts.blocked,
    )


def _fields(event: Event) -> dict[str, Any]:
    details = event.details
    return {
        "id": event.id,
        "seller_id": event.seller_id,
        "name": details.name,
        "description": details.description,
        "venue_name": details.venue_name,
        "seating_config": seating_config_body(details.seating_config),
        "is_active": details.is_active,
        "status": event.status,
        "starts_at": details.starts_at and utc(details.starts_at),
        "on_sale_at": details.on_sale_at and utc(details.on_sale_at),
        "currency": details.currency,
        "hold_seconds": details.hold_seconds,
        "max_tickets_per_booking": details.max_tickets_per_booking,
        "max_tickets_per_buyer": details.max_tickets_per_buyer,
        "leave_no_single_seats": details.leave_no_single_seats,
        "created_at": utc(event.created_at),
    }


def event_body(event: Event) -> EventBody:
    """The event by itself."""
    return EventBody(**_fields(event))


def event_with_sections_body(view: EventView) -> EventWithSectionsBody:
    """The event and its counts."""
    return EventWithSectionsBody(
        **_fields(view.event), sections=[section_body(part) for part in view.sections]
    )


_STATUS_OF = {
    SeatState.AVAILABLE: TicketStatus.AVAILABLE,
    SeatState.RESERVED: TicketStatus.RESERVED,
    SeatState.SOLD: TicketStatus.SOLD,
    SeatState.BLOCKED: TicketStatus.BLOCKED,
}
_ENCODER = msgspec.json.Encoder()
_NO_SEATS = b"[]}"
# Of 10,000 seats one takes 700 kB.
RECTANGLES_REMEMBERED_MAX = 32


def seat_map_json(view: SeatMapView) -> bytes:
    """The seats of a subsection: a ``SeatMapBody``, as JSON.

    Put together from pieces: to make and encode ten thousand structs takes ten times as long.
    """
    layout = view.layout
    body = SeatMapBody(
        event_id=view.event_id,
        section=layout.section,
        subsection=layout.subsection,
        price=layout.price,
        currency=view.currency,
        rows=layout.rows,
        seats_per_row=layout.seats_per_row,
        seats=[],
    )
    endings = _endings(layout.price)
    beginnings = _seat_beginnings(layout.rows, layout.seats_per_row)
    seats = [
        beginning + endings[state] for beginning, state in zip(beginnings, view.states, strict=True)
    ]
    for index, own_endings in _special_seats(layout):
        seats[index] = beginnings[index] + own_endings[view.states[index]]
    return b"%b[%b]}" % (_ENCODER.encode(body).removesuffix(_NO_SEATS), b",".join(seats))


def _endings(price: int, kind: SeatKind | None = None, category: str | None = None) -> list[bytes]:
    """How a seat of this sort goes on after its place, by its state."""
    more = f',"kind":"{kind}"' if kind else ""
    if category is not None:
        more += f',"category":"{category}"'
    return [f'{_STATUS_OF[state].value}","price":{price}{more}}}'.encode() for state in SeatState]


def _special_seats(layout: SubsectionLayout) -> Iterator[tuple[int, list[bytes]]]:
    """Index and endings of the seats that have a category or are set aside."""
    width = layout.seats_per_row
    for category in layout.categories:
        endings = _endings(category.price, category=category.name)
        for index in range((category.first_row - 1) * width, category.last_row * width):
            yield index, endings
    kinds = ((SeatKind.ACCESSIBLE, layout.accessible), (SeatKind.COMPANION, layout.companion))
    for kind, indexes in kinds:
        for index in indexes:
            own = layout.category_of(index // width + 1)
            price = layout.price if own is None else own.price
            yield index, _endings(price, kind, None if own is None else own.name)


@lru_cache(RECTANGLES_REMEMBERED_MAX)
def _seat_beginnings(rows: int, seats_per_row: int) -> Sequence[bytes]:
    return [
        b'{"row":%d,"seat":%d,"status":"' % (row, seat)
        for row in range(1, rows + 1)
        for seat in range(1, seats_per_row + 1)
    ]
