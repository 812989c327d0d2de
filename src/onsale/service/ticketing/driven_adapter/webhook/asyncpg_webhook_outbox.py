"""What is owed to webhooks, taken in hand and settled."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    LEASE_SECONDS,
    PER_WEBHOOK_MAX,
    Backlog,
    OwedDelivery,
)
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus
from onsale.service.ticketing.domain.webhook_schedule import GIVE_UP_SECONDS
from onsale.service.ticketing.driven_adapter.repository.asyncpg_payment_transaction import (
    row_count,
)

# Webhooks of one look; the next look begins behind the last of them.
WEBHOOK_COUNT_MAX = 200
# Deliveries of a webhook that are put behind earlier ones of their bookings in one look.
HELD_BACK_COUNT_MAX = 200
BACKLOG_COUNT_MAX = 10_000
TIDY_COUNT_MAX = 1_000
LOG_SECONDS_MAX = 30 * 24 * 3_600
"""For so long a delivery that is over stays in the log."""

_SQL = load_statements(Path(__file__).parent / "sql" / "webhook_outbox.sql")


class AsyncpgWebhookOutbox:
    """See ``IWebhookOutbox``. One for a process: it remembers whose turn it is."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._after = 0

    async def claim(self, in_hand: Mapping[int, int], *, limit: int) -> Sequence[OwedDelivery]:
        full = [webhook_id for webhook_id, places in in_hand.items() if places == 0]
        async with unavailable_on_connection_loss(), self._pool.acquire() as connection:
            due = await self._due(connection, full)
            if not due:
                return []
            await connection.execute(_SQL["hold_back"], due, HELD_BACK_COUNT_MAX)
            rows = await connection.fetch(
                _SQL["claim"],
                due,
                [in_hand.get(webhook_id, PER_WEBHOOK_MAX) for webhook_id in due],
                limit,
                LEASE_SECONDS,
                GIVE_UP_SECONDS,
            )
        return [_owed(row) for row in rows]

    async def _due(
        self, connection: asyncpg.pool.PoolConnectionProxy, full: list[int]
    ) -> list[int]:
        due = _SQL["webhooks_due"]
        rows = await connection.fetch(due, self._after, full, WEBHOOK_COUNT_MAX)
        if not rows and self._after:
            rows = await connection.fetch(due, 0, full, WEBHOOK_COUNT_MAX)
        ids = [row["webhook_id"] for row in rows]
        self._after = ids[-1] if len(ids) == WEBHOOK_COUNT_MAX else 0
        return ids

    async def delivered(self, delivery: OwedDelivery, status: int) -> None:
        async with unavailable_on_connection_loss():
            await self._pool.execute(_SQL["delivered"], delivery.id, status)

    async def failed(
        self,
        delivery: OwedDelivery,
        status: int | None,
        fault: DeliveryFault,
        *,
        retry_seconds: float,
    ) -> DeliveryStatus:
        async with unavailable_on_connection_loss():
            after = await self._pool.fetchval(
                _SQL["failed"],
                *(delivery.id, delivery.attempt_count, status, fault.value, retry_seconds),
            )
        return DeliveryStatus.OWED if after is None else DeliveryStatus(after)

    async def gone(self, delivery: OwedDelivery, status: int) -> None:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute(_SQL["disable"], delivery.webhook_id, delivery.url)
            await connection.execute(_SQL["gone"], delivery.id, status)

    async def backlog(self) -> Backlog:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(_SQL["backlog"], BACKLOG_COUNT_MAX)
        assert row is not None
        # What is due next, if nothing is yet.
        waiting_seconds = max(0.0, row["waiting_seconds"])
        return Backlog(row["count"], row["oldest_seconds"], waiting_seconds)

    async def tidy(self) -> bool:
        has_more = False
        async with unavailable_on_connection_loss():
            for statement, *more in (
                ("give_up",),
                ("forget_old", LOG_SECONDS_MAX),
                ("forget_removed",),
            ):
                status = await self._pool.execute(_SQL[statement], TIDY_COUNT_MAX, *more)
                has_more |= row_count(status) == TIDY_COUNT_MAX
            await self._pool.execute(_SQL["drop_removed"])
            await self._pool.execute(_SQL["forget_previous"])
        return has_more


def _owed(row: asyncpg.Record) -> OwedDelivery:
    salts = (row["salt"], row["previous_salt"])
    return OwedDelivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        message_id=row["message_id"],
        url=row["url"],
        salts=tuple(salt for salt in salts if salt is not None),
        body=row["body"],
        attempt_count=row["attempt_count"],
    )
