"""What the ticketing worker's background jobs read and tidy."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_event_upkeep import FollowedSeats
from onsale.service.ticketing.app.interface.i_open_payments import OrphanedAttempt
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row
from onsale.service.ticketing.driven_adapter.webhook.webhook_debts import owe_for_sold_out

TIDY_COUNT_MAX = 1_000
# Not the id of an event: those are locked by their ids.
STATUS_LOCK_KEY = -7_311_002

_SQL = load_statements(Path(__file__).parent / "sql" / "upkeep.sql")


class AsyncpgUpkeep:
    """See ``IEventUpkeep`` and ``IOpenPayments``."""

    def __init__(self, pool: asyncpg.Pool, seats: ISeatMap) -> None:
        """``seats`` tells how many seats are left without touching a ticket."""
        self._pool = pool
        self._seats = seats

    async def owing_load(self, event_id: int, limit: int) -> Sequence[int]:
        return await self._ids("owing_load", event_id, limit)

    async def owing_cancellation(self, event_id: int, limit: int) -> Sequence[int]:
        return await self._ids("owing_cancellation", event_id, limit)

    async def opened_after(self, event_id: int, limit: int) -> Sequence[int]:
        return await self._ids("opened_after", event_id, limit)

    async def follow_seats(self, event_ids: Collection[int]) -> FollowedSeats:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            # One worker at a time reads, counts and writes, so that the later one has the last
            # word. Nobody else changes the status of an opened event, so its row is left alone
            # unless it has to change.
            await connection.execute(_SQL["follow_seats_alone"], STATUS_LOCK_KEY)
            rows = await connection.fetch(_SQL["statuses"], list(event_ids))
            before = {row["id"]: row["status"] for row in rows}
            # What is missing is being loaded; the sweep comes back to it.
            is_left = await self._seats.any_available(before)
            after = {
                event_id: status.value
                for event_id, status in _statuses(is_left).items()
                if status.value != before[event_id]
            }
            changed: set[int] = set()
            if after:
                ids, statuses = list(after), list(after.values())
                rows = await connection.fetch(_SQL["set_statuses"], ids, statuses)
                changed = {row["id"] for row in rows}
                sold_out = [each for each in changed if after[each] == EventStatus.SOLD_OUT]
                if sold_out:
                    now = await connection.fetchval(_SQL["now"])
                    await owe_for_sold_out(connection, sold_out, now)
        return FollowedSeats(changed, after.keys() - changed)

    async def tidy(self) -> None:
        """Clear idempotency keys after 24 hours, and revoked tokens once they have expired."""
        async with unavailable_on_connection_loss():
            await self._pool.execute(_SQL["clear_old_keys"], TIDY_COUNT_MAX)
            await self._pool.execute(_SQL["clear_old_payment_keys"], TIDY_COUNT_MAX)
            await self._pool.execute(_SQL["clear_old_tokens"], TIDY_COUNT_MAX)

    async def orphaned_attempts(
        self, older_than_seconds: float, *, after: UUID, limit: int
    ) -> Sequence[OrphanedAttempt]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(
                _SQL["orphaned_attempts"], older_than_seconds, after, limit
            )
        return [
            OrphanedAttempt(
                PaymentAttempt(
                    row["id"],
                    row["booking_id"],
                    row["amount"],
                    row["currency"],
                    AttemptStatus(row["status"]),
                ),
                is_wanted=row["is_wanted"],
            )
            for row in rows
        ]

    async def paid_bookings(
        self, older_than_seconds: float, *, after: UUID, limit: int
    ) -> Sequence[Booking]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["paid_bookings"], older_than_seconds, after, limit)
        return [booking_from_row(row) for row in rows]

    async def _ids(self, statement: str, *parameters: int) -> list[int]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL[statement], *parameters)
        return [row["id"] for row in rows]


def _statuses(is_left: Mapping[int, bool]) -> dict[int, EventStatus]:
    return {
        event_id: EventStatus.AVAILABLE if is_any else EventStatus.SOLD_OUT
        for event_id, is_any in is_left.items()
    }
