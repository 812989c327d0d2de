"""Plain reads of events, and of their tickets where the seat store has nothing."""

import asyncio
from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import ARRAY, BigInteger, Text, bindparam, cast, func, literal_column, select

from onsale.platform.database.connections import ReadEngine, unavailable_on_connection_loss
from onsale.service.shared_kernel.seating import (
    SeatCounts,
    SeatPosition,
    SeatState,
    SubsectionLayout,
)
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    EventPage,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driven_adapter.model.event_model import EventModel
from onsale.service.ticketing.driven_adapter.model.ticket_model import TicketModel
from onsale.service.ticketing.driven_adapter.repository.event_rows import event_from_row

# Of a page of events each names its whole hall; a hundred ordinary ones stay below.
SUBSECTIONS_PER_PAGE_MAX = 10_000
# What is read without letting others have the event loop: a few milliseconds.
UNINTERRUPTED_SUBSECTION_COUNT = 1_000

_event = EventModel.__table__
_ticket = TicketModel.__table__
# The transaction that wrote the row: whatever changes an event changes it.
_version = literal_column("event.xmin::text::bigint", BigInteger()).label("version")
# Halls come as text, to be read one by one: large ones take their time.
_columns = [
    *(column for column in _event.c if column is not _event.c.seating_config),
    cast(_event.c.seating_config, Text).label("hall"),
]


class SqlalchemyEventReader:
    """See ``IEventQueryRepository`` and ``ILedgerSeats``."""

    def __init__(self, engine: ReadEngine) -> None:
        self._engine = engine

    async def by_id(self, event_id: int) -> Event | None:
        return (await self.by_ids([event_id])).get(event_id)

    async def by_ids(self, event_ids: Collection[int]) -> Mapping[int, Event]:
        wanted = bindparam("wanted", list(event_ids), ARRAY(BigInteger))
        statement = select(*_columns, _version).where(_event.c.id == func.any(wanted))
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        events: dict[int, Event] = {}
        subsection_count = 0
        for row in rows:
            event = event_from_row(row, msgspec.json.decode(row["hall"]), row["version"])
            events[event.id] = event
            subsection_count += event.details.seating_config.subsection_count
            if subsection_count > UNINTERRUPTED_SUBSECTION_COUNT:
                subsection_count = 0
                await asyncio.sleep(0)  # others wait for this loop
        return events

    async def versions(self, event_ids: Collection[int]) -> Mapping[int, int]:
        wanted = bindparam("wanted", list(event_ids), ARRAY(BigInteger))
        statement = select(_event.c.id, _version).where(_event.c.id == func.any(wanted))
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            return {row.id: row.version for row in await connection.execute(statement)}

    async def page(self, which: EventFilter, *, limit: int, before: int | None) -> EventPage:
        statement = select(*_columns).order_by(_event.c.id.desc()).limit(limit + 1)
        if which.seller_id is None:
            statement = statement.where(_event.c.is_active)
        else:
            statement = statement.where(_event.c.seller_id == which.seller_id)
        if which.status is not None:
            statement = statement.where(_event.c.status == which.status.value)
        if before is not None:
            statement = statement.where(_event.c.id < before)
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        events: list[Event] = []
        subsection_count = 0
        for row in rows[:limit]:
            event = event_from_row(row, msgspec.json.decode(row["hall"]))
            subsection_count += event.details.seating_config.weight
            if events and subsection_count > SUBSECTIONS_PER_PAGE_MAX:
                break
            events.append(event)
            if subsection_count > UNINTERRUPTED_SUBSECTION_COUNT:
                await asyncio.sleep(0)  # others wait for this loop
        return EventPage(events, has_more=len(events) < len(rows))

    async def ticket_counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        columns = (_ticket.c.section, _ticket.c.subsection, _ticket.c.status)
        statement = (
            select(*columns, func.count()).where(_ticket.c.event_id == event_id).group_by(*columns)
        )
        counts: dict[tuple[str, int], dict[str, int]] = {}
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            for section, subsection, status, count in await connection.execute(statement):
                counts.setdefault((section, subsection), {})[status] = count
        names = [state.name.lower() for state in SeatState]
        return {
            where: SeatCounts(**{name: by_status.get(name, 0) for name in names})
            for where, by_status in counts.items()
        }

    async def ticket_states(self, event_id: int, layout: SubsectionLayout) -> bytes:
        statement = select(_ticket.c.row_number, _ticket.c.seat_number, _ticket.c.status).where(
            _ticket.c.event_id == event_id,
            _ticket.c.section == layout.section,
            _ticket.c.subsection == layout.subsection,
        )
        states = bytearray(layout.seat_count)
        async with unavailable_on_connection_loss(), self._engine.connect() as connection:
            for row, seat, status in await connection.execute(statement):
                states[layout.index_of(SeatPosition(row, seat))] = SeatState[status.upper()]
        return bytes(states)
