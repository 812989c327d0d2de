"""What is owed to webhooks, taken in hand and settled."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    LEASE_SECONDS,
    Backlog,
    DueWebhook,
    Look,
    OwedDelivery,
)
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus
from onsale.service.ticketing.domain.webhook_schedule import GIVE_UP_SECONDS
from onsale.service.ticketing.driven_adapter.repository.asyncpg_payment_transaction import (
    row_count,
)

# Webhooks of one look.
WEBHOOK_COUNT_MAX = 200
# Deliveries of a webhook that are put behind earlier ones of their bookings in one look.
HELD_BACK_COUNT_MAX = 200
BACKLOG_COUNT_MAX = 10_000
TIDY_COUNT_MAX = 1_000
LATE_COUNT_MAX = 10_000
"""Deliveries, oldest first, of which one run looks whether their time is over."""
FAILING_ATTEMPTS_MIN = 10
"""Of what is given up to a webhook, before that is taken for its receiver's fault."""
ARRIVED_COUNT_MAX = 1_000
"""Of what has arrived, latest first, looked at for something that arrived lately."""
LOG_SECONDS_MAX = 30 * 24 * 3_600
"""For so long a delivery that is over stays in the log."""

_ID_MAX = 2**63 - 1

_SQL = load_statements(Path(__file__).parent / "sql" / "webhook_outbox.sql")


class AsyncpgWebhookOutbox:
    """See ``IWebhookOutbox``. One for a process: it remembers how far it has tidied."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._late_after = 0

    async def due(self, look: Look) -> Sequence[DueWebhook]:
        async with unavailable_on_connection_loss(), self._pool.acquire() as connection:
            rows = await self._due(connection, look, look.after, _ID_MAX, WEBHOOK_COUNT_MAX)
            if look.after and (left := WEBHOOK_COUNT_MAX - len(rows)):
                rows += await self._due(connection, look, 0, look.after, left)
        return [DueWebhook(row["webhook_id"], row["seller_id"]) for row in rows]

    async def _due(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        look: Look,
        *bounds: int,
    ) -> list[asyncpg.Record]:
        among = None if look.among is None else list(look.among)
        rows = await connection.fetch(_SQL["webhooks_due"], *bounds, list(look.besides), among)
        return list(rows)

    async def claim(self, places: Mapping[int, int]) -> Sequence[OwedDelivery]:
        webhooks = list(places)
        async with unavailable_on_connection_loss(), self._pool.acquire() as connection:
            await connection.execute(_SQL["hold_back"], webhooks, HELD_BACK_COUNT_MAX)
            rows = await connection.fetch(
                _SQL["claim"], webhooks, list(places.values()), LEASE_SECONDS, GIVE_UP_SECONDS
            )
        return [_owed(row) for row in rows]

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
        parameters = (delivery.id, delivery.claimed_until, status, fault.value, retry_seconds)
        async with unavailable_on_connection_loss():
            after = await self._pool.fetchval(_SQL["failed"], *parameters)
            if after == DeliveryStatus.DEAD and delivery.attempt_count >= FAILING_ATTEMPTS_MIN:
                await self._disable_failing([delivery.webhook_id])
        return DeliveryStatus.OWED if after is None else DeliveryStatus(after)

    async def gone(
        self, delivery: OwedDelivery, status: int, *, retry_seconds: float
    ) -> DeliveryStatus:
        version = (delivery.webhook_id, delivery.webhook_updated_at)
        attempt = (delivery.id, delivery.claimed_until, status)
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute(_SQL["disable"], *version)
            after = await connection.fetchval(_SQL["gone"], *attempt)
            if after is None:
                parameters = (*attempt, DeliveryFault.GONE.value, retry_seconds)
                after = await connection.fetchval(_SQL["failed"], *parameters)
        return DeliveryStatus.OWED if after is None else DeliveryStatus(after)

    async def backlog(self) -> Backlog:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(_SQL["backlog"], BACKLOG_COUNT_MAX)
        assert row is not None
        # What is due next, if nothing is yet.
        waiting_seconds = max(0.0, row["waiting_seconds"])
        return Backlog(row["count"], row["oldest_seconds"], waiting_seconds)

    async def tidy(self) -> bool:
        async with unavailable_on_connection_loss():
            has_more = await self._give_up_late()
            for statement, *more in (
                ("give_up",),
                ("forget_old", LOG_SECONDS_MAX),
                ("forget_removed",),
                ("drop_removed",),
                ("forget_previous",),
            ):
                status = await self._pool.execute(_SQL[statement], TIDY_COUNT_MAX, *more)
                has_more |= row_count(status) == TIDY_COUNT_MAX
        return has_more

    async def _give_up_late(self) -> bool:
        row = await self._pool.fetchrow(
            _SQL["give_up_late"],
            *(TIDY_COUNT_MAX, self._late_after, LATE_COUNT_MAX),
            *(GIVE_UP_SECONDS, FAILING_ATTEMPTS_MIN),
        )
        assert row is not None
        if row["failing"]:
            await self._disable_failing(row["failing"])
        if row["given_up"] == TIDY_COUNT_MAX:
            return True
        # Whoever has so much that is old and in time, having had it sent again, hides nobody else.
        self._late_after = row["last_id"] if row["looked_at"] == LATE_COUNT_MAX else 0
        return False

    async def _disable_failing(self, webhook_ids: Sequence[int]) -> None:
        await self._pool.execute(
            _SQL["disable_failing"], webhook_ids, GIVE_UP_SECONDS, ARRIVED_COUNT_MAX
        )


def _owed(row: asyncpg.Record) -> OwedDelivery:
    salts = (row["salt"], row["previous_salt"])
    return OwedDelivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        seller_id=row["seller_id"],
        message_id=row["message_id"],
        url=row["url"],
        salts=tuple(salt for salt in salts if salt is not None),
        body=row["body"],
        attempt_count=row["attempt_count"],
        claimed_until=row["claimed_until"],
        webhook_updated_at=row["updated_at"],
    )
