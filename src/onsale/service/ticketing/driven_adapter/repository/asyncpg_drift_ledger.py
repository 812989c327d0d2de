"""What the continuous comparison with the seat store reads of the ledger."""

import json
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.shared_kernel.seating import (
    SeatCounts,
    SeatPosition,
    SeatState,
    SubsectionLayout,
)
from onsale.service.ticketing.app.interface.i_drift_watch import LedgerLook, OpenedEvent, Place
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_from_json,
)

_SQL = load_statements(Path(__file__).parent / "sql" / "drift_watch.sql")
_STATES = tuple(state.name.lower() for state in SeatState)


class AsyncpgDriftLedger:
    """See ``IDriftLedger``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def opened_after(self, event_id: int, limit: int) -> Sequence[OpenedEvent]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["opened_after"], event_id, limit)
        return [OpenedEvent(row["id"], row["epoch"]) for row in rows]

    async def look(self, event_id: int) -> LedgerLook | None:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(_SQL["look"], event_id)
        if row is None or not row["is_free"]:
            return None
        return LedgerLook(
            epoch=row["epoch"],
            layouts=tuple(seating_config_from_json(json.loads(row["seating_config"]))),
            tickets=_counts(json.loads(row["tickets"])),
            live={
                (section, subsection): (reserved, sold)
                for section, subsection, reserved, sold in json.loads(row["live"])
            },
            busy={(section, subsection) for section, subsection in json.loads(row["busy"])},
        )

    async def states(self, event_id: int, layouts: Sequence[SubsectionLayout]) -> Sequence[bytes]:
        by_place = {(each.section, each.subsection): each for each in layouts}
        states = {place: bytearray(layout.seat_count) for place, layout in by_place.items()}
        sections, subsections = zip(*by_place, strict=True)
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(
                _SQL["taken_tickets_of"], event_id, list(sections), list(subsections)
            )
        for row in rows:
            place = (row["section"], row["subsection"])
            position = SeatPosition(row["row_number"], row["seat_number"])
            states[place][by_place[place].index_of(position)] = SeatState[row["status"].upper()]
        return [bytes(taken) for taken in states.values()]

    async def request_load(self, event: OpenedEvent) -> bool:
        async with unavailable_on_connection_loss():
            asked = await self._pool.fetchval(_SQL["request_load"], event.event_id, event.epoch)
        return asked is not None


def _counts(rows: Sequence[tuple[str, int, str, int]]) -> dict[Place, SeatCounts]:
    by_place: dict[Place, dict[str, int]] = {}
    for section, subsection, status, seats in rows:
        by_place.setdefault((section, subsection), dict.fromkeys(_STATES, 0))[status] = seats
    return {place: SeatCounts(**counts) for place, counts in by_place.items()}
