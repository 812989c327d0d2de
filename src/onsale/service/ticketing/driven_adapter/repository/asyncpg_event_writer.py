"""Stores events with all of their tickets, and changes what may be changed."""

import asyncio
import json
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_event_repository import EventChanges
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventTicketingAggregate,
    NewTicket,
)
from onsale.service.ticketing.domain.exceptions import EventCancelledError
from onsale.service.ticketing.driven_adapter.repository.event_rows import event_from_row
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_to_json,
)

# A million tickets with their unique index take some fifteen seconds here.
COPY_TIMEOUT_SECONDS = 300.0
# Making events must leave connections to those who buy.
CREATIONS_AT_ONCE_MAX = 2
CREATIONS_WAITING_MAX = 50
PLACE_SECONDS_MAX = 30.0
CHANGEABLE = (
    *("name", "description", "venue_name", "is_active", "on_sale_at"),
    *("max_tickets_per_buyer", "leave_no_single_seats", "starts_at"),
)

_SQL = load_statements(Path(__file__).parent / "sql" / "event_writer.sql")


class AsyncpgEventWriter:
    """See ``IEventCommandRepository``."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        creation_pool: asyncpg.Pool | None = None,
        watch: DependencyWatch | None = None,
    ) -> None:
        """``creation_pool`` gives long statements their time; with ``watch`` they are given up as
        soon as the server stands still.
        """
        self._pool = pool
        self._creation_pool = creation_pool or pool
        self._watch = watch
        self._places = asyncio.Semaphore(CREATIONS_AT_ONCE_MAX)
        self._waiting_count = 0

    async def add(self, aggregate: EventTicketingAggregate) -> Event:
        if self._watch is None:
            return await self._add_in_turn(aggregate)
        self._watch.require()
        return await self._watch.unless_stalled(self._add_in_turn(aggregate))

    async def _add_in_turn(self, aggregate: EventTicketingAggregate) -> Event:
        if self._waiting_count >= CREATIONS_WAITING_MAX:
            raise UnavailableError("postgresql", "too many events are being made")
        self._waiting_count += 1
        try:
            async with asyncio.timeout(PLACE_SECONDS_MAX):
                await self._places.acquire()
        except TimeoutError:
            raise UnavailableError("postgresql", "too many events are being made") from None
        finally:
            self._waiting_count -= 1
        try:
            return await self._add(aggregate)
        finally:
            self._places.release()

    async def _add(self, aggregate: EventTicketingAggregate) -> Event:
        details = aggregate.details
        async with (
            unavailable_on_connection_loss(),
            self._creation_pool.acquire() as connection,
            connection.transaction(),
        ):
            row = await connection.fetchrow(
                _SQL["insert_event"],
                aggregate.seller_id,
                details.name,
                details.description,
                details.venue_name,
                json.dumps(seating_config_to_json(details.seating_config)),
                details.is_active,
                details.starts_at,
                details.on_sale_at,
                details.currency,
                details.hold_seconds,
                details.max_tickets_per_booking,
                details.max_tickets_per_buyer,
                details.leave_no_single_seats,
            )
            assert row is not None
            event = _event(row)
            await connection.copy_records_to_table(
                "ticket",
                columns=("event_id", *NewTicket._fields),
                records=((event.id, *ticket) for ticket in aggregate.tickets()),
                timeout=COPY_TIMEOUT_SECONDS,
            )
        return event

    async def change(self, event_id: int, changes: EventChanges) -> Event:
        unknown = changes.keys() - set(CHANGEABLE)
        if unknown:
            raise ValueError(f"not to be changed: {sorted(unknown)}")
        parameters: list[object] = [event_id]
        for column in CHANGEABLE:
            parameters += [column in changes, changes.get(column)]
        async with unavailable_on_connection_loss():
            return _changed(await self._pool.fetchrow(_SQL["change_event"], *parameters))

    async def cancel(self, event_id: int) -> Event:
        async with unavailable_on_connection_loss():
            return _changed(await self._pool.fetchrow(_SQL["cancel_event"], event_id))


def _changed(row: asyncpg.Record | None) -> Event:
    # No event is ever deleted, so what is not changed is cancelled.
    if row is None:
        raise EventCancelledError
    return _event(row)


def _event(row: asyncpg.Record) -> Event:
    return event_from_row(row, json.loads(row["seating_config"]))
