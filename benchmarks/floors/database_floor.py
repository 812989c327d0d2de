"""The least that deciding costs in PostgreSQL: the ledger's own statements, in batches of 100.

No broker, no seat store, no objects: arrays that are ready, one connection, one commit a batch.
"""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.stage import Stage
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction

BATCH_COUNT = 100
SUBSECTION_SEATS = 500
SEATS_PER_ROW = 20

_REPOSITORY = Path(asyncpg_ticketing_transaction.__file__).parent
_SQL = load_statements(_REPOSITORY / "sql" / "unit_of_work.sql")
_NEW_BOOKINGS = """
INSERT INTO booking (
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    total_price, currency, status, command, next_send_at
)
SELECT id, (SELECT min(id) FROM "user" WHERE role = 'buyer'), $2, 'A', 1, 'best_available', 1, '{}',
       1000, 'USD', 'processing', 'reserve', now() + interval '1 hour'
FROM unnest($1::uuid[]) AS new (id)
"""


async def database_floor(stage: Stage, batch_count: int) -> float:
    """Bookings a second. Leaves nothing behind that ``onsale verify`` would find."""
    event_id = await stage.open_hall(batch_count * BATCH_COUNT, max(1, batch_count // 5))
    ids = [uuid.uuid4() for _ in range(batch_count * BATCH_COUNT)]
    async with stage.ledger.acquire() as connection:
        await connection.execute(_NEW_BOOKINGS, ids, event_id)
        seats = await connection.fetch(
            "SELECT section, subsection, row_number, seat_number, price FROM ticket"
            " WHERE event_id = $1 ORDER BY id LIMIT $2",
            event_id,
            len(ids),
        )
        buyer_id = await connection.fetchval("SELECT min(id) FROM \"user\" WHERE role = 'buyer'")
        expires_at = datetime.now(UTC) + timedelta(hours=2)
        began = time.perf_counter()
        for start in range(0, len(ids), BATCH_COUNT):
            batch = ids[start : start + BATCH_COUNT]
            where = [
                list(column) for column in zip(*seats[start : start + BATCH_COUNT], strict=True)
            ]
            sections, subsections, rows, numbers, _prices = where
            events = [event_id] * len(batch)
            seat_columns = (events, sections, subsections, rows, numbers)
            positions = [f"{row}-{seat}" for row, seat in zip(rows, numbers, strict=True)]
            async with connection.transaction():
                await connection.fetch(_SQL["share_free_event_locks"], [event_id])
                await connection.fetch(_SQL["event_terms"], [event_id])
                await connection.fetch(_SQL["lock_bookings"], batch)
                await connection.fetch(_SQL["lock_seats"], *seat_columns)
                await connection.fetch(
                    _SQL["hold_seats"], *seat_columns, batch, [buyer_id] * len(batch)
                )
                await connection.execute(
                    _SQL["save_bookings"], *_saved(batch, positions, expires_at)
                )
        seconds = time.perf_counter() - began
        # The seat store knows nothing of these: the ledger is put back as it was.
        await _undo(stage, event_id)
    return len(ids) / seconds


def _saved(
    batch: list[uuid.UUID], positions: list[str], expires_at: datetime
) -> tuple[list[object], ...]:
    count = len(batch)
    nothing: list[object] = [None] * count
    return (
        list(batch),
        ["processing"] * count,
        [1] * count,
        ["pending_payment"] * count,
        list(positions),
        [1_000] * count,
        nothing,
        nothing,
        [expires_at] * count,
        nothing,
        nothing,
        nothing,
        [1] * count,
        nothing,
    )


async def _undo(stage: Stage, event_id: int) -> None:
    await stage.ledger.execute(
        "DELETE FROM booking_ticket USING booking"
        " WHERE booking.id = booking_id AND booking.event_id = $1",
        event_id,
    )
    await stage.ledger.execute(
        "UPDATE ticket SET status = 'available', booking_id = NULL, buyer_id = NULL,"
        " reserved_at = NULL WHERE event_id = $1",
        event_id,
    )
    # Not deleted: no index leads from a booking to the tickets that would have to be looked at.
    await stage.ledger.execute(
        "UPDATE booking SET status = 'cancelled', cancel_reason = 'expired' WHERE event_id = $1",
        event_id,
    )
    # In case somebody has noticed that the two differed.
    await stage.ledger.execute("UPDATE event SET load_owed = true WHERE id = $1", event_id)
    await stage.reach("SELECT load_owed FROM event WHERE id = $1", event_id, wanted=False)
