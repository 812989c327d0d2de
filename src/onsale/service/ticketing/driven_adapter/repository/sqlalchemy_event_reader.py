"""Plain reads of events, and of their tickets where the seat store has nothing."""

import asyncio
from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)

from onsale.platform.database.connections import ReadEngine, unavailable_on_connection_loss
from onsale.service.shared_kernel.seating import (
    SeatCounts,
    SeatPosition,
    SeatState,
    SubsectionLayout,
)
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    EventOrder,
    EventPage,
    EventPlace,
    SaleStage,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventStatus
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
_stage = case(
    (_event.c.status == EventStatus.CANCELLED.value, SaleStage.CANCELLED.value),
    (_event.c.starts_at < func.now(), SaleStage.BEGUN.value),
    (_event.c.status == EventStatus.SOLD_OUT.value, SaleStage.SOLD_OUT.value),
    (
        or_(_event.c.status == EventStatus.DRAFT.value, _event.c.on_sale_at > func.now()),
        SaleStage.UPCOMING.value,
    ),
    else_=SaleStage.OPEN.value,
)


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

    async def page(self, which: EventFilter, *, limit: int, after: EventPlace | None) -> EventPage:
        # Halls are read only of the events that are shown, not of all that are put in order.
        listed = _listed(which, after).limit(limit + 1).subquery()
        statement = (
            select(*_columns, listed.c.stage)
            .join(listed, listed.c.id == _event.c.id)
            .order_by(listed.c.stage, listed.c.id.desc())
        )
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
        if len(events) == len(rows):
            return EventPage(events, None)
        stage = rows[len(events) - 1]["stage"]
        last = EventPlace(events[-1].id, None if stage is None else SaleStage(stage))
        return EventPage(events, last)

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


def _listed(which: EventFilter, after: EventPlace | None) -> Select[tuple[int, int | None]]:
    """Ids and stages of the events that follow a place, in order."""
    is_by_sale = which.order is EventOrder.SALE
    stage: ColumnElement[int | None] = _stage if is_by_sale else cast(null(), Integer)
    listed = select(_event.c.id, stage.label("stage"))
    if which.seller_id is None:
        listed = listed.where(_event.c.is_active)
    else:
        listed = listed.where(_event.c.seller_id == which.seller_id)
    if which.status is not None:
        listed = listed.where(_event.c.status == which.status.value)
    if after is not None:
        is_older = _event.c.id < after.event_id
        if is_by_sale:
            is_older = or_(_stage > after.stage, and_(_stage == after.stage, is_older))
        listed = listed.where(is_older)
    newest_first = _event.c.id.desc()
    return listed.order_by(*((_stage, newest_first) if is_by_sale else (newest_first,)))
