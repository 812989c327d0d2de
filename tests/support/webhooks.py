"""Webhooks on real stores: somebody who listens, and workers that deliver."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from onsale.bootstrap import utc_now
from onsale.bootstrap_webhooks import webhook_jobs
from onsale.service.ticketing.app.interface.i_webhook_delivery import Look, OwedDelivery
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryStatus,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_outbox import (
    AsyncpgWebhookOutbox,
)
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_repository import (
    AsyncpgWebhookRepository,
)
from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
)
from onsale.service.ticketing.driven_adapter.webhook.prometheus_webhook_meter import (
    PrometheusWebhookMeter,
)
from onsale.settings import WebhooksSettings
from storm.receiver import Post, Receiver
from tests.support.polling import wait_for
from tests.support.tasks import background

SECRET = b"a secret of thirty-two bytes, or more"
SECRETS = DerivedWebhookSecrets(SECRET)
LOOPBACK = "127.0.0.0/8"
SECONDS_MAX = 30.0


def worker_settings(database_url: str, allowed: str = LOOPBACK) -> WebhooksSettings:
    """Of a worker that may deliver to this machine."""
    return WebhooksSettings(
        database_url=database_url,
        token_secret=SecretStr(SECRET.decode()),
        webhook_allowed_networks=allowed,
    )


@dataclass(slots=True)
class Books:
    """What the database knows of webhooks."""

    pool: asyncpg.Pool
    database_url: str

    @property
    def webhooks(self) -> AsyncpgWebhookRepository:
        """As sellers see them."""
        return AsyncpgWebhookRepository(self.pool, utc_now)

    @property
    def outbox(self) -> AsyncpgWebhookOutbox:
        """As a worker sees them that has just begun."""
        return AsyncpgWebhookOutbox(self.pool)

    async def listen(self, seller_id: int, url: str, *events: WebhookEvent) -> tuple[Webhook, str]:
        """A webhook and its secret; it is told everything if no event is named."""
        salt = SECRETS.new_salt()
        webhook = await self.webhooks.add(seller_id, url, events or tuple(WebhookEvent), salt)
        return webhook, SECRETS.secret(salt)

    async def seller(self) -> int:
        """The id of a new one."""
        new: int = await self.pool.fetchval(
            'INSERT INTO "user" (email, name, hashed_password, role)'
            " VALUES ($1, 'Sam', '-', 'seller') RETURNING id",
            f"{uuid7()}@example.org",
        )
        return new

    async def listening(self, url: str) -> Webhook:
        """A webhook of a seller of its own, which is told everything."""
        webhook, _ = await self.listen(await self.seller(), url)
        return webhook

    async def bookings(self, count: int) -> Sequence[UUID]:
        """Bookings that are there, and nothing else of them."""
        seller = await self.seller()
        event = await self.pool.fetchval(
            "INSERT INTO event (seller_id, name, description, venue_name, seating_config)"
            " VALUES ($1, 'x', '', 'x', '{}') RETURNING id",
            seller,
        )
        ids = sorted(uuid7() for _ in range(count))
        await self.pool.executemany(
            "INSERT INTO booking (id, buyer_id, event_id, section, subsection, seat_selection_mode,"
            " quantity, seat_positions, total_price, currency, status)"
            " VALUES ($1, $2, $3, 'A', 1, 'manual', 1, '{}', 0, 'USD', 'processing')",
            [(each, seller, event) for each in ids],
        )
        return ids

    async def owe(self, webhook: Webhook, *bookings: UUID | None) -> list[int]:
        """Deliveries that tell of nothing, for these bookings; their ids."""
        return [
            await self.pool.fetchval(
                "INSERT INTO webhook_delivery (webhook_id, type, booking_id, body)"
                " VALUES ($1, 'ping', $2, '{}') RETURNING id",
                *(webhook.id, booking),
            )
            for booking in bookings
        ]

    async def claim(self, count: int = 10) -> Sequence[OwedDelivery]:
        """In hand: so much of each webhook as is due, for a worker that sends it later."""
        due = await self.outbox.due(Look())
        return await self.outbox.claim({webhook.id: count for webhook in due})

    async def log(self, webhook: Webhook) -> Sequence[WebhookDelivery]:
        """All deliveries, oldest first."""
        log = await self.webhooks.deliveries(webhook.id, status=None, limit=10_000, before=None)
        return log[::-1]

    async def message_ids(self, webhook: Webhook) -> list[str]:
        """Of all deliveries, oldest first, as receivers get them."""
        return [f"msg_{delivery.message_id.hex}" for delivery in await self.log(webhook)]

    async def statuses(self, webhook: Webhook) -> list[DeliveryStatus]:
        """Of all deliveries, oldest first."""
        return [delivery.status for delivery in await self.log(webhook)]

    async def tried(self, delivery_id: int, times: int) -> WebhookDelivery:
        """A delivery once it was tried so often and what came of that is written down."""
        statement = (
            "SELECT webhook_id FROM webhook_delivery"
            " WHERE id = $1 AND attempt_count = $2 AND claimed_until IS NULL"
        )
        webhook_id = await wait_for(
            lambda: self.pool.fetchval(statement, delivery_id, times),
            lambda found: found is not None,
            seconds_max=SECONDS_MAX,
        )
        delivery = await self.webhooks.delivery(webhook_id, delivery_id)
        assert delivery is not None
        return delivery

    async def hurry(self) -> None:
        """Everything that is owed is due, as after a long wait."""
        await self.pool.execute(
            "UPDATE webhook_delivery SET next_try_at = now(), claimed_until = NULL"
            " WHERE status = 'owed'"
        )

    @asynccontextmanager
    async def delivering(self, count: int = 1) -> AsyncIterator[None]:
        """So many workers run, each as a process of its own would."""
        stop = asyncio.Event()

        async def run() -> None:
            meter = PrometheusWebhookMeter(CollectorRegistry())
            settings = worker_settings(self.database_url)
            async with webhook_jobs(settings, self.pool, meter) as jobs:
                await jobs.run(stop)

        async with background(*(run() for _ in range(count))):
            yield
            stop.set()

    async def settled(
        self, webhook: Webhook, *, seconds_max: float = SECONDS_MAX
    ) -> list[DeliveryStatus]:
        """The statuses once nothing is owed any more."""
        return await wait_for(
            lambda: self.statuses(webhook),
            lambda statuses: DeliveryStatus.OWED not in statuses,
            seconds_max=seconds_max,
        )


def told(receiver: Receiver) -> list[str]:
    """The ids of what it was told, in the order in which it came."""
    return [post.headers["webhook-id"] for post in receiver.posts]


def message(post: Post) -> dict[str, Any]:
    """What a request tells."""
    told: dict[str, Any] = json.loads(post.body)
    assert told.keys() == {"type", "timestamp", "data"}
    return told
