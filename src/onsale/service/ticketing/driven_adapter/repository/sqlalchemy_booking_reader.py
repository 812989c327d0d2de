"""Plain reads of bookings."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, select

from onsale.platform.database.connections import ReadEngine, unavailable_on_connection_loss
from onsale.platform.database.rows import Row
from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookedTicket,
    BookingFilter,
    BookingView,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from onsale.service.ticketing.driven_adapter.model.booking_model import (
    BookingModel,
    BookingTicketModel,
)
from onsale.service.ticketing.driven_adapter.model.event_model import EventModel
from onsale.service.ticketing.driven_adapter.model.ticket_model import TicketModel
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row

_booking = BookingModel.__table__
_ticket = TicketModel.__table__
_join = BookingTicketModel.__table__
# Named apart from the booking's columns, some of which are called the same.
_ticket_columns = [column.label(f"ticket_{column.name}") for column in _ticket.c]


class SqlalchemyBookingReader:
    """See ``IBookingQueryRepository``; one statement per question."""

    def __init__(self, engine: ReadEngine) -> None:
        self._engine = engine

    async def by_ids(self, booking_ids: Collection[UUID]) -> Mapping[UUID, Booking]:
        bookings = await self._bookings(select(_booking).where(_booking.c.id.in_(booking_ids)))
        return {booking.id: booking for booking in bookings}

    async def with_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, BookingView]:
        # Asked one after the other, a booking that ends in between would hold seats and have none.
        statement = (
            select(_booking, *_ticket_columns)
            .outerjoin(_join, _join.c.booking_id == _booking.c.id)
            .outerjoin(_ticket, _ticket.c.id == _join.c.ticket_id)
            .where(_booking.c.id.in_(booking_ids))
            .order_by(_ticket.c.row_number, _ticket.c.seat_number)
        )
        views: dict[UUID, BookingView] = {}
        tickets: dict[UUID, list[BookedTicket]] = {}
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            for row in (await connection.execute(statement)).mappings():
                booking_id = row["id"]
                if booking_id not in views:
                    tickets[booking_id] = []
                    views[booking_id] = BookingView(booking_from_row(row), tickets[booking_id])
                if row["ticket_id"] is not None:
                    tickets[booking_id].append(_booked_ticket(row))
        return views

    async def page(
        self, which: BookingFilter, *, limit: int, before: UUID | None
    ) -> Sequence[Booking]:
        statement = select(_booking).order_by(_booking.c.id.desc()).limit(limit)
        if which.buyer_id is not None:
            statement = statement.where(_booking.c.buyer_id == which.buyer_id)
        if which.seller_id is not None:
            own_events = select(EventModel.id).where(EventModel.seller_id == which.seller_id)
            statement = statement.where(_booking.c.event_id.in_(own_events))
        if which.event_id is not None:
            statement = statement.where(_booking.c.event_id == which.event_id)
        if which.status is not None:
            statement = statement.where(_booking.c.status == which.status.value)
        if before is not None:
            statement = statement.where(_booking.c.id < before)
        return await self._bookings(statement)

    async def _bookings(self, statement: Select[tuple[object, ...]]) -> list[Booking]:
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [booking_from_row(row) for row in rows]


def _booked_ticket(row: Row) -> BookedTicket:
    return BookedTicket(
        id=row["ticket_id"],
        section=row["ticket_section"],
        subsection=row["ticket_subsection"],
        row=row["ticket_row_number"],
        seat=row["ticket_seat_number"],
        price=row["ticket_price"],
        status=TicketStatus(row["ticket_status"]),
    )
