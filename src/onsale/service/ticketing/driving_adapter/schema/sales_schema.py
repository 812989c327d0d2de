"""What sellers are told of a sale, and the seats that they take out of it."""

from typing import Annotated

import msgspec
from pydantic import Field

from onsale.service.shared_kernel.seating import SEATS_PER_SUBSECTION_MAX, SeatPosition
from onsale.service.ticketing.app.interface.i_sales import SECONDS_TOLD, SalesFigures
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driving_adapter.schema.fields import Position, RequestModel
from onsale.service.ticketing.driving_adapter.schema.seat_positions import seat_positions_of


class SeatsRequest(RequestModel):
    """Seats of a subsection, each once."""

    seats: Annotated[
        list[Position],
        Field(
            min_length=1,
            max_length=SEATS_PER_SUBSECTION_MAX,
            fail_fast=True,
            description="`row-seat`, both from 1",
            examples=[["1-1", "1-2"]],
        ),
    ]

    def to_positions(self) -> tuple[SeatPosition, ...]:
        """The seats in the words of the use case.

        Raises:
            InvalidInputError: one is malformed, or stands twice.
        """
        return seat_positions_of(self.seats, "seats")


class SeatsBody(msgspec.Struct, frozen=True):
    """Seats of a subsection, in seat order."""

    seats: list[str]


class SectionSalesBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold of a subsection; ``price`` is its own, ``revenue`` that of its sold tickets."""

    section: str
    subsection: int
    price: int
    available: int
    reserved: int
    sold: int
    blocked: int
    revenue: int


class SalesBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold of an event; money in cents of ``currency``. ``refunds_due`` has been paid and
    is yet to be given back.
    """

    event_id: int
    currency: str
    available: int
    reserved: int
    sold: int
    blocked: int
    revenue: int
    refunds_due: int
    bookings_last_minute: Annotated[
        list[int],
        msgspec.Meta(
            min_length=SECONDS_TOLD,
            max_length=SECONDS_TOLD,
            description="bookings that got their seats in each second, the oldest first",
        ),
    ]
    sections: list[SectionSalesBody]


def sales_body(event: Event, figures: SalesFigures) -> SalesBody:
    """The figures, subsection by subsection in the order of the hall."""
    sections = []
    for layout in event.details.seating_config:
        place = figures.places[layout.section, layout.subsection]
        sections.append(
            SectionSalesBody(
                section=layout.section,
                subsection=layout.subsection,
                price=layout.price,
                available=place.counts.available,
                reserved=place.counts.reserved,
                sold=place.counts.sold,
                blocked=place.counts.blocked,
                revenue=place.revenue,
            )
        )
    return SalesBody(
        event_id=event.id,
        currency=event.details.currency,
        available=sum(each.available for each in sections),
        reserved=sum(each.reserved for each in sections),
        sold=sum(each.sold for each in sections),
        blocked=sum(each.blocked for each in sections),
        revenue=sum(each.revenue for each in sections),
        refunds_due=figures.refunds_due,
        bookings_last_minute=list(figures.bookings_by_second),
        sections=sections,
    )
