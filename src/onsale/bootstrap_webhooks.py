"""The composition root's part for webhooks: the worker that delivers, and what the API needs."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import monotonic

import asyncpg

from onsale.bootstrap import tell_ready, utc_now
from onsale.bootstrap_telemetry import open_telemetry
from onsale.platform.database.connections import close_pool, create_pool
from onsale.platform.observability.fault_log import FaultLog
from onsale.platform.observability.pool_meter import AsyncpgPoolUse
from onsale.service.ticketing.app.command.deliver_webhook_use_case import DeliverWebhookUseCase
from onsale.service.ticketing.app.command.ping_webhook_use_case import PingWebhookUseCase
from onsale.service.ticketing.app.command.register_webhook_use_case import RegisterWebhookUseCase
from onsale.service.ticketing.app.command.remove_webhook_use_case import RemoveWebhookUseCase
from onsale.service.ticketing.app.command.resend_delivery_use_case import ResendDeliveryUseCase
from onsale.service.ticketing.app.command.rotate_webhook_secret_use_case import (
    RotateWebhookSecretUseCase,
)
from onsale.service.ticketing.app.command.update_webhook_use_case import UpdateWebhookUseCase
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    IWebhookAddresses,
    IWebhookSecrets,
)
from onsale.service.ticketing.app.interface.i_webhook_repository import IWebhookRepository
from onsale.service.ticketing.app.query.list_deliveries_use_case import ListDeliveriesUseCase
from onsale.service.ticketing.app.query.list_webhooks_use_case import ListWebhooksUseCase
from onsale.service.ticketing.app.service.webhook_dispatcher import WebhookDispatcher
from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper
from onsale.service.ticketing.domain.webhook_address import read_networks
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_outbox import (
    AsyncpgWebhookOutbox,
)
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_repository import (
    AsyncpgWebhookRepository,
)
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
)
from onsale.service.ticketing.driven_adapter.webhook.httpcore_webhook_sender import (
    HttpcoreWebhookSender,
)
from onsale.service.ticketing.driven_adapter.webhook.prometheus_webhook_meter import (
    PrometheusWebhookMeter,
)
from onsale.service.ticketing.driving_adapter.background.webhook_jobs import WebhookJobs
from onsale.service.ticketing.driving_adapter.http_controller.webhook_services import (
    WebhookServices,
)
from onsale.settings import SigningSettings, WebhooksSettings


async def run_webhooks_worker(settings: WebhooksSettings, stop: asyncio.Event) -> None:
    """Deliver to webhooks until ``stop`` is set."""
    pool = await create_pool(settings.database_url, size_max=settings.database_pool)
    try:
        with open_telemetry(settings, "webhooks") as telemetry:
            telemetry.pools({"main": AsyncpgPoolUse(pool)})
            async with (
                webhook_jobs(settings, pool, PrometheusWebhookMeter(telemetry.registry)) as jobs,
                telemetry.served(settings),
            ):
                tell_ready(metrics_port=settings.metrics_port)
                await jobs.run(stop)
    finally:
        await close_pool(pool)


@asynccontextmanager
async def webhook_jobs(
    settings: SigningSettings, pool: asyncpg.Pool, meter: PrometheusWebhookMeter
) -> AsyncIterator[WebhookJobs]:
    """All that delivers, on this pool."""
    addresses = CheckedAddresses(read_networks(settings.webhook_allowed_networks))
    sender = HttpcoreWebhookSender(addresses, user_agent=f"onsale/{version('onsale')} (webhooks)")
    outbox = AsyncpgWebhookOutbox(pool)
    deliver = DeliverWebhookUseCase(
        outbox,
        sender,
        DerivedWebhookSecrets(settings.token_secret.get_secret_value().encode()),
        meter,
        utc_now,
        monotonic,
        random.random,
    )
    dispatcher = WebhookDispatcher(outbox, deliver, FaultLog(), monotonic)
    try:
        yield WebhookJobs(dispatcher, outbox, meter)
    finally:
        addresses.close()


def webhook_services(
    settings: SigningSettings, pool: asyncpg.Pool, addresses: CheckedAddresses
) -> WebhookServices:
    """What the API does for sellers with webhooks; whoever made ``addresses`` closes them."""
    return services_on(
        AsyncpgWebhookRepository(pool, utc_now),
        addresses,
        DerivedWebhookSecrets(settings.token_secret.get_secret_value().encode()),
    )


def services_on(
    webhooks: IWebhookRepository, addresses: IWebhookAddresses, secrets: IWebhookSecrets
) -> WebhookServices:
    """The use cases on these."""
    keeper = WebhookKeeper(webhooks)
    return WebhookServices(
        register=RegisterWebhookUseCase(webhooks, addresses, secrets),
        find=keeper,
        list_all=ListWebhooksUseCase(webhooks),
        update=UpdateWebhookUseCase(keeper, addresses),
        remove=RemoveWebhookUseCase(keeper),
        rotate_secret=RotateWebhookSecretUseCase(keeper, secrets),
        ping=PingWebhookUseCase(keeper),
        list_deliveries=ListDeliveriesUseCase(keeper),
        resend=ResendDeliveryUseCase(keeper),
    )
