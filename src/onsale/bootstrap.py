"""The composition root: what the roles share. It and the parts for each of them, ``bootstrap_*``,
are the only places that know every adapter.

Each role gets what it needs there, with every dependency as an argument; nothing is connected or
started at import.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg
import structlog
import uvloop
from redis.asyncio import Redis

from onsale.platform.database.connections import close_pool, create_pool
from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from onsale.platform.message_queue.message_bus import MessageBus
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from onsale.platform.observability.logs import configure_logs
from onsale.platform.state.redis_clients import create_client, create_subscriber
from onsale.platform.stopping import stopping_for_certain
from onsale.platform.tasks import end
from onsale.service.ticketing.driven_adapter.payment.bounded_payment_gateway import (
    BoundedPaymentGateway,
    GatewayPatience,
)
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import (
    MockPaymentGateway,
)
from onsale.settings import BusKind, BusSettings, ProcessSettings, Settings

_log = structlog.get_logger()

# New containers before the young are looked at; then how often the older are, as multiples.
COLLECTION_THRESHOLDS = (20_000, 20, 20)

RoleSettings = TypeVar("RoleSettings", bound=ProcessSettings)
Role = Callable[[RoleSettings, asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Connections:
    """What every role holds open: the ledger, the seat store, the broker."""

    pool: asyncpg.Pool
    redis: Redis
    subscriber: Redis
    bus: MessageBus
    topics: KafkaTopicBuilder


def run_role(role: Role[RoleSettings], name: str, settings: RoleSettings) -> None:
    """Run a role until SIGINT or SIGTERM, then let it finish what it has in hand."""
    configure_logs(settings.log_level, role=name)
    spare_the_collector()

    async def run() -> None:
        stop = asyncio.Event()
        with stop_on_signals(stop), stopping_for_certain(stop):
            await role(settings, stop)
        _log.info("role_stopped")

    uvloop.run(run())


def spare_the_collector() -> None:
    """Look for garbage less often, and never among what was imported.

    What a request makes is freed as it ends, by counting references; a search through all that a
    process has loaded finds nothing and stops everybody for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


@asynccontextmanager
async def open_message_bus(
    settings: BusSettings,
) -> AsyncIterator[tuple[MessageBus, KafkaTopicBuilder]]:
    """The broker alone, for ``onsale dlq``."""
    topics = KafkaTopicBuilder(settings.topic_prefix)
    bus = _message_bus(settings, topics)
    try:
        yield bus, topics
    finally:
        await bus.close()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Connections]:
    """Open what a worker needs; nothing of it need be there yet."""
    pool = await create_pool(settings.database_url, size_max=settings.database_pool)
    redis = create_client(settings.seat_store_url)
    subscriber = create_subscriber(settings.seat_store_url)
    try:
        async with open_message_bus(settings) as (bus, topics):
            yield Connections(pool, redis, subscriber, bus, topics)
    finally:
        await subscriber.aclose()
        await redis.aclose()
        await close_pool(pool)


async def patiently(
    call: Callable[[], Awaitable[None]], stop: asyncio.Event, *, seconds_max: float = 5.0
) -> bool:
    """A broker that starts after this role is waited for, and said to be missing meanwhile; it is
    asked every ``seconds_max`` at least. ``False`` when ``stop`` was set before it came.
    """
    backoff, log = Backoff(seconds_max=seconds_max), OccasionalLog()
    while not stop.is_set():
        try:
            await call()
            return True
        except UnavailableError as error:
            log.warning("waiting_for_dependency", error=str(error))
            await backoff.wait(stop)
    return False


def _message_bus(settings: BusSettings, topics: KafkaTopicBuilder) -> MessageBus:
    if settings.bus is BusKind.KAFKA:
        return KafkaMessageBus(
            settings.kafka_bootstrap or "",
            topics,
            settings.partition_count,
            settings.kafka_replication,
            min_insync=settings.kafka_min_insync,
            session_seconds=settings.kafka_session_seconds,
            batch_count_max=settings.batch_count_max,
        )
    return RedisStreamsMessageBus(
        settings.seat_store_url or "",
        topics,
        settings.partition_count,
        batch_count_max=settings.batch_count_max,
    )


@asynccontextmanager
async def background(*runs: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run these beside the block and end them with it; if one of them fails, so does the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_forever(run)) for run in runs]
        try:
            yield
        finally:
            await end(*tasks)


async def _forever(run: Coroutine[object, object, None]) -> None:
    await run
    raise RuntimeError("a background task has ended by itself")


def payment_gateway(pool: asyncpg.Pool) -> BoundedPaymentGateway:
    """Who takes the money; every call to it ends in time."""
    return BoundedPaymentGateway(MockPaymentGateway(pool), GatewayPatience())


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def tell_ready(**where: object) -> None:
    """Log that the role does its work from now on."""
    _log.info("role_ready", **where)
