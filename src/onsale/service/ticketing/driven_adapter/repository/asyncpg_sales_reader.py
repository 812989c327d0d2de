"""Reads what has been sold of an event."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.shared_kernel.seating import SeatCounts, SeatState
from onsale.service.ticketing.app.interface.i_sales import (
    SECONDS_TOLD,
    PlaceSales,
    SalesFigures,
    SeatKey,
    TakenTicket,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus

_SQL = load_statements(Path(__file__).parent / "sql" / "sales.sql")
_STATES = tuple(state.name.lower() for state in SeatState)


class AsyncpgSalesReader:
    """See ``ISalesReader``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def figures(self, event_id: int) -> SalesFigures:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            tickets = await connection.fetch(_SQL["tickets_by_status"], event_id)
            seconds = await connection.fetch(_SQL["bookings_by_second"], event_id, SECONDS_TOLD)
            refunds_due = await connection.fetchval(_SQL["refunds_due"], event_id)
        bookings = [0] * SECONDS_TOLD
        for row in seconds:
            bookings[-1 - row["seconds_ago"]] = row["bookings"]
        return SalesFigures(_places(tickets), bookings, int(refunds_due))

    async def taken_tickets(
        self, event_id: int, *, after: SeatKey, limit: int
    ) -> Sequence[TakenTicket]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["taken_tickets"], event_id, *after, limit)
        return [
            TakenTicket(
                SeatKey(row["section"], row["subsection"], row["row_number"], row["seat_number"]),
                TicketStatus(row["status"]),
                row["price"],
                row["booking_id"],
                row["booked_at"],
            )
            for row in rows
        ]


def _places(rows: Sequence[asyncpg.Record]) -> dict[tuple[str, int], PlaceSales]:
    counts: dict[tuple[str, int], dict[str, int]] = {}
    revenue: dict[tuple[str, int], int] = {}
    for row in rows:
        place = (row["section"], row["subsection"])
        counts.setdefault(place, dict.fromkeys(_STATES, 0))[row["status"]] = row["seats"]
        if row["status"] == TicketStatus.SOLD.value:
            revenue[place] = int(row["price"])
    return {
        place: PlaceSales(SeatCounts(**by_state), revenue.get(place, 0))
        for place, by_state in counts.items()
    }
