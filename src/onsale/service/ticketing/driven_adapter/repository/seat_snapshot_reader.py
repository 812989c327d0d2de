"""Reads an event's seats as tickets and live bookings have them."""

import json
from pathlib import Path
from typing import Any

import asyncpg

from onsale.platform.database.sql_file import load_statements
from onsale.service.shared_kernel.seat_snapshot import HeldSeats, SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatPosition, SeatState
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_from_json,
)

_SQL = load_statements(Path(__file__).parent / "sql" / "unit_of_work.sql")


async def read_snapshot(
    connection: asyncpg.pool.PoolConnectionProxy, event_id: int
) -> list[SubsectionSnapshot]:
    """Every subsection of the event; only tickets that are not free travel."""
    config = seating_config_from_json(
        json.loads(await connection.fetchval(_SQL["seating_config"], event_id))
    )
    layouts = {(layout.section, layout.subsection): layout for layout in config}
    states = {name: bytearray(layout.seat_count) for name, layout in layouts.items()}
    for row in await connection.fetch(_SQL["taken_tickets"], event_id):
        name = (row["section"], row["subsection"])
        index = layouts[name].index_of(SeatPosition(row["row_number"], row["seat_number"]))
        states[name][index] = SeatState[row["status"].upper()]
    holds: dict[tuple[str, int], list[HeldSeats]] = {}
    for row in await connection.fetch(_SQL["live_bookings"], event_id):
        holds.setdefault((row["section"], row["subsection"]), []).append(_held(row))
    return [
        SubsectionSnapshot(layout, bytes(states[name]), tuple(holds.get(name, ())))
        for name, layout in layouts.items()
    ]


def _held(row: Any) -> HeldSeats:  # noqa: ANN401 - a row has no type of its own
    return HeldSeats(
        booking_id=row["id"],
        booked_at=row["created_at"],
        seq=row["command_seq"],
        positions=tuple(row["seat_positions"]),
        sold=row["status"] == BookingStatus.COMPLETED,
    )
