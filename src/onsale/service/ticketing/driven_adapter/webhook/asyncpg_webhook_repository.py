"""Keeps webhooks, and reads the log of what they were told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.domain.entity.webhook_entity import (
    PING,
    PREVIOUS_SECRET_SECONDS,
    WEBHOOKS_PER_SELLER_MAX,
    DeliveryStatus,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from onsale.service.ticketing.domain.exceptions import WebhookLimitReachedError
from onsale.service.ticketing.domain.webhook_schedule import GIVE_UP_SECONDS
from onsale.service.ticketing.driven_adapter.repository.asyncpg_payment_transaction import (
    row_count,
)
from onsale.service.ticketing.driven_adapter.webhook.webhook_bodies import ping_body
from onsale.service.ticketing.driven_adapter.webhook.webhook_rows import (
    delivery_from_row,
    webhook_from_row,
)

# Deliveries in one statement, and statements in one request, before a webhook is in use again.
GIVE_UP_COUNT_MAX = 1_000
GIVE_UP_ROUNDS_MAX = 50

_ID_MAX = 2**63 - 1
_SQL = load_statements(Path(__file__).parent / "sql" / "webhooks.sql")


class AsyncpgWebhookRepository:
    """See ``IWebhookRepository``."""

    def __init__(self, pool: asyncpg.Pool, now: Callable[[], datetime]) -> None:
        """``now`` tells when a ping is asked for."""
        self._pool = pool
        self._now = now

    async def add(
        self, seller_id: int, url: str, event_types: Sequence[WebhookEvent], salt: bytes
    ) -> Webhook:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute(_SQL["lock_seller"], seller_id)
            row = await connection.fetchrow(
                _SQL["add"], seller_id, url, list(event_types), salt, WEBHOOKS_PER_SELLER_MAX
            )
        if row is None:
            raise WebhookLimitReachedError(limit=WEBHOOKS_PER_SELLER_MAX)
        return webhook_from_row(row)

    async def by_id(self, webhook_id: int) -> Webhook | None:
        return await self._webhook("by_id", webhook_id)

    async def page(self, seller_id: int, *, limit: int, before: int | None) -> Sequence[Webhook]:
        rows = await self._fetch("page", seller_id, before or _ID_MAX, limit)
        return [webhook_from_row(row) for row in rows]

    async def change(self, webhook_id: int, changes: WebhookChanges) -> Webhook | None:
        if changes.is_active:
            await self._give_up_owed(webhook_id)
        event_types = changes.event_types and list(changes.event_types)
        return await self._webhook(
            "change", webhook_id, changes.url, event_types, changes.is_active
        )

    async def rotate(self, webhook_id: int, salt: bytes) -> Webhook | None:
        return await self._webhook("rotate", webhook_id, salt, PREVIOUS_SECRET_SECONDS)

    async def remove(self, webhook_id: int) -> None:
        await self._fetch("remove", webhook_id)

    async def owe_ping(self, webhook_id: int) -> WebhookDelivery:
        body = ping_body(webhook_id, self._now())
        (row,) = await self._fetch("owe_ping", webhook_id, PING, body)
        return delivery_from_row(row)

    async def delivery(self, webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
        rows = await self._fetch("delivery", webhook_id, delivery_id)
        return delivery_from_row(rows[0]) if rows else None

    async def deliveries(
        self, webhook_id: int, *, status: DeliveryStatus | None, limit: int, before: int | None
    ) -> Sequence[WebhookDelivery]:
        parameters = (webhook_id, before or _ID_MAX, limit)
        if status is None:
            rows = await self._fetch("deliveries", *parameters)
        else:
            rows = await self._fetch("deliveries_by_status", *parameters, status.value)
        return [delivery_from_row(row) for row in rows]

    async def resend(self, delivery_id: int) -> WebhookDelivery | None:
        rows = await self._fetch("resend", delivery_id, GIVE_UP_SECONDS)
        if not rows:
            # It is being tried at this moment, or gone.
            rows = await self._fetch("delivery_alone", delivery_id)
        return delivery_from_row(rows[0]) if rows else None

    async def _give_up_owed(self, webhook_id: int) -> None:
        """So that a webhook that was disabled begins anew, however soon it is put in use again."""
        async with unavailable_on_connection_loss():
            await self._pool.execute(_SQL["give_up_in_hand"], webhook_id)
            for _ in range(GIVE_UP_ROUNDS_MAX):
                status = await self._pool.execute(
                    _SQL["give_up_owed"], webhook_id, GIVE_UP_COUNT_MAX
                )
                if row_count(status) < GIVE_UP_COUNT_MAX:
                    return
        raise UnavailableError("postgresql", "what the webhook was owed is still being given up")

    async def _webhook(self, statement: str, *parameters: object) -> Webhook | None:
        rows = await self._fetch(statement, *parameters)
        return webhook_from_row(rows[0]) if rows else None

    async def _fetch(self, statement: str, *parameters: object) -> Sequence[asyncpg.Record]:
        async with unavailable_on_connection_loss():
            return list(await self._pool.fetch(_SQL[statement], *parameters))
