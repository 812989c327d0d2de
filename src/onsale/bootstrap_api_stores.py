"""What the API holds open. A client waits for all of it, so every wait is shorter than a worker's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from onsale.bootstrap import open_message_bus, patiently
from onsale.platform.database.connections import (
    DatabasePing,
    ReadEngine,
    close_pool,
    create_impatient_pool,
    create_read_engine,
)
from onsale.platform.database.migrate import outgrown_revisions
from onsale.platform.database.patience import ImpatientPool, Patience
from onsale.platform.database.schema_check import SchemaCheck
from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import MessageBus
from onsale.platform.observability.pool_meter import (
    AsyncpgPoolUse,
    EnginePoolUse,
    MeteredPool,
)
from onsale.platform.state.redis_clients import create_impatient_client, create_subscriber
from onsale.settings import Settings

CREATION_POOL_COUNT_MAX = 2
# Two that write bookings, one that counts what buyers have, and one that looks keys up.
INTAKE_POOL_COUNT_MAX = 4
TOPICS_RETRY_SECONDS_MAX = 1.0
# Shares of the time in which requests are refused once a store stands still.
PING_SHARE, SEAT_STORE_SHARE = 0.35, 0.5


@dataclass(frozen=True, slots=True)
class ApiStores:
    """``creation_pool`` is for events with all their tickets, which take their time;
    ``intake_pool`` is for new bookings, which wait behind no reader.
    """

    watch: DependencyWatch
    pool: ImpatientPool
    creation_pool: ImpatientPool
    intake_pool: ImpatientPool
    engine: ReadEngine
    redis: Redis
    subscriber: Redis
    bus: MessageBus
    topics: KafkaTopicBuilder
    readiness_ping: DatabasePing
    check_schema: SchemaCheck
    topics_exist: asyncio.Event

    def pool_uses(self) -> Mapping[str, MeteredPool]:
        """What tells how much of each pool is in use."""
        return {
            "main": AsyncpgPoolUse(self.pool),
            "creation": AsyncpgPoolUse(self.creation_pool),
            "intake": AsyncpgPoolUse(self.intake_pool),
            "read": EnginePoolUse(self.engine),
        }

    async def make_topics(self) -> None:
        """Wait for the broker, make what it lacks, and wait for ever."""
        for_ever = asyncio.Event()
        await patiently(self.bus.ensure_topics, for_ever, seconds_max=TOPICS_RETRY_SECONDS_MAX)
        self.topics_exist.set()
        await for_ever.wait()

    def readiness(
        self, check_seat_store: Callable[[], Awaitable[object]]
    ) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """A check for each dependency."""
        return {
            "postgresql": self._check_database,
            "schema": self.check_schema,
            "seat-store": check_seat_store,
            "message-bus": self._check_bus,
        }

    async def _check_database(self) -> None:
        self.watch.require()
        await self.readiness_ping()

    async def _check_bus(self) -> None:
        if not self.topics_exist.is_set():
            raise UnavailableError("message-bus", "its topics are not there yet")
        await self.bus.check()


@asynccontextmanager
async def open_api_stores(settings: Settings) -> AsyncIterator[ApiStores]:
    """Open everything; nothing of it need be there yet."""
    url, stall_seconds_max = settings.database_url, settings.stall_seconds_max
    patience = Patience.within(settings.answer_seconds_max)
    watch_ping, readiness_ping = DatabasePing(url), DatabasePing(url)
    watch = DependencyWatch(
        "postgresql", watch_ping, answer_seconds_max=stall_seconds_max * PING_SHARE
    )
    async with AsyncExitStack() as stack:
        stack.callback(watch_ping.close)
        stack.callback(readiness_ping.close)
        size_max = settings.database_pool
        pool = await create_impatient_pool(url, size_max=size_max, patience=patience, watch=watch)
        stack.push_async_callback(close_pool, pool)
        creation_pool = await create_impatient_pool(
            url,
            size_max=CREATION_POOL_COUNT_MAX,
            patience=patience,
            watch=watch,
            are_statements_long=True,
        )
        stack.push_async_callback(close_pool, creation_pool)
        intake_pool = await create_impatient_pool(
            url, size_max=INTAKE_POOL_COUNT_MAX, patience=patience, watch=watch
        )
        stack.push_async_callback(close_pool, intake_pool)
        engine = create_read_engine(url, size_max=size_max, patience=patience, watch=watch)
        stack.push_async_callback(engine.dispose)
        store_seconds = stall_seconds_max * SEAT_STORE_SHARE
        redis = create_impatient_client(settings.seat_store_url, store_seconds)
        stack.push_async_callback(redis.aclose)
        subscriber = create_subscriber(settings.seat_store_url)
        stack.push_async_callback(subscriber.aclose)
        bus, topics = await stack.enter_async_context(open_message_bus(settings))
        yield ApiStores(
            watch,
            pool,
            creation_pool,
            intake_pool,
            engine,
            redis,
            subscriber,
            bus,
            topics,
            readiness_ping,
            SchemaCheck(pool, outgrown_revisions()),
            asyncio.Event(),
        )
