"""The composition root: the only place that knows every adapter.

Each role takes what it needs from here, with every dependency as an argument; nothing is connected
or started at import.
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
from prometheus_client import CollectorRegistry, ProcessCollector
from redis.asyncio import Redis

from onsale.demo import DemoMaker
from onsale.platform.database.connections import close_pool, create_pool, create_read_engine
from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.batch_consumer import BatchConsumer
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from onsale.platform.message_queue.message_bus import MessageBus
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from onsale.platform.observability.batch_meter import PrometheusBatchMeter
from onsale.platform.observability.fault_log import FaultLog
from onsale.platform.observability.logs import configure_logs
from onsale.platform.observability.metrics_listener import metrics_listener
from onsale.platform.state.redis_clients import create_client, create_subscriber
from onsale.platform.stopping import stopping_for_certain
from onsale.platform.tasks import end
from onsale.service.seat_reservation.app.command.apply_seat_commands_use_case import (
    ApplySeatCommandsUseCase,
)
from onsale.service.seat_reservation.app.command.install_event_seats_use_case import (
    InstallEventSeatsUseCase,
)
from onsale.service.seat_reservation.driven_adapter.kafka_producer.seat_result_publisher import (
    SeatResultPublisher,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.seat_reservation.driving_adapter.mq_consumer.seat_reservation_mq_consumer import (
    SeatReservationMqConsumer,
)
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    ApplySeatResultsUseCase,
)
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.command.find_stray_payments_use_case import (
    FindStrayPaymentsUseCase,
)
from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.command.load_owing_events_use_case import (
    LoadOwingEventsUseCase,
)
from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.command.refund_payments_use_case import RefundPaymentsUseCase
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    ResendOwedCommandsUseCase,
)
from onsale.service.ticketing.app.command.restore_lost_events_use_case import (
    RestoreLostEventsUseCase,
)
from onsale.service.ticketing.app.command.settle_payments_use_case import SettlePaymentsUseCase
from onsale.service.ticketing.app.command.watch_seat_drift_use_case import WatchSeatDriftUseCase
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from onsale.service.ticketing.driven_adapter.live.redis_live_notices import RedisLiveNotices
from onsale.service.ticketing.driven_adapter.metrics.prometheus_drift_meter import (
    PrometheusDriftMeter,
)
from onsale.service.ticketing.driven_adapter.metrics.stray_payment_report import (
    StrayPaymentReport,
)
from onsale.service.ticketing.driven_adapter.payment.bounded_payment_gateway import (
    BoundedPaymentGateway,
    GatewayPatience,
)
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import (
    MockPaymentGateway,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_drift_ledger import (
    AsyncpgDriftLedger,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driven_adapter.repository.asyncpg_user_repository import (
    AsyncpgUserRepository,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_event_reader import (
    SqlalchemyEventReader,
)
from onsale.service.ticketing.driven_adapter.security.bcrypt_password_hasher import (
    BcryptPasswordHasher,
)
from onsale.service.ticketing.driving_adapter.background.upkeep_jobs import UpkeepJobs
from onsale.service.ticketing.driving_adapter.mq_consumer.ticketing_mq_consumer import (
    TicketingMqConsumer,
)
from onsale.settings import BusKind, Settings

_log = structlog.get_logger()

# New containers before the young are looked at; then how often the older are, as multiples.
COLLECTION_THRESHOLDS = (20_000, 20, 20)

RoleSettings = TypeVar("RoleSettings", bound=Settings)
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


async def run_seat_reservation_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Consume seat commands until ``stop`` is set."""
    async with connect(settings) as connected:
        if not await patiently(connected.bus.ensure_topics, stop):
            return
        registry = process_registry()
        publisher = SeatResultPublisher(connected.bus, connected.topics)
        consumer = SeatReservationMqConsumer(
            ApplySeatCommandsUseCase(RedisSeatStore(connected.redis), publisher, utc_now),
            publisher,
        )
        batches = BatchConsumer(
            connected.bus,
            topic=connected.topics.seat_commands(),
            group=connected.topics.seat_reservation_group(),
            dead_letter_topic=connected.topics.dead_letters(),
            handler=consumer.handle,
            now=utc_now,
            observer=PrometheusBatchMeter(registry),
            on_dead_letter=consumer.on_dead_letter,
        )
        with metrics_listener(registry, settings.metrics_host, settings.metrics_port):
            tell_ready(settings, metrics_port=settings.metrics_port)
            await batches.run(stop)


async def run_ticketing_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Consume seat results, and keep holds, owed commands and loads in order, until ``stop``."""
    async with connect(settings) as connected:
        if not await patiently(connected.bus.ensure_topics, stop):
            return
        survived = FaultLog()
        store = RedisSeatStore(connected.redis)
        unit_of_work = AsyncpgTicketingUnitOfWork(connected.pool)
        commands = SeatCommandPublisher(connected.bus, connected.topics, survived)
        notices = RedisLiveNotices(connected.redis, connected.subscriber, survived)
        upkeep = AsyncpgUpkeep(connected.pool, store)
        status = RefreshEventStatusUseCase(upkeep, notices)
        gateway = payment_gateway(connected.pool)
        registry = process_registry()
        drift_ledger, drift_meter = (
            AsyncpgDriftLedger(connected.pool),
            PrometheusDriftMeter(registry),
        )
        jobs = UpkeepJobs(
            upkeep=upkeep,
            release_expired_holds=ReleaseExpiredHoldsUseCase(unit_of_work, commands, notices),
            resend_owed_commands=ResendOwedCommandsUseCase(unit_of_work, commands),
            load_owing_events=LoadOwingEventsUseCase(
                upkeep,
                LoadEventSeatsUseCase(unit_of_work, InstallEventSeatsUseCase(store), notices),
            ),
            end_cancelled_events=EndCancelledEventsUseCase(upkeep, unit_of_work, commands, notices),
            settle_payments=SettlePaymentsUseCase(
                upkeep,
                gateway,
                PaymentLedger(unit_of_work, commands, notices),
            ),
            refund_payments=RefundPaymentsUseCase(unit_of_work, gateway),
            find_stray_payments=FindStrayPaymentsUseCase(
                unit_of_work, gateway, StrayPaymentReport(registry).tell
            ),
            refresh_event_status=status,
            restore_lost_events=RestoreLostEventsUseCase(drift_ledger, store, drift_meter),
            watch_seat_drift=WatchSeatDriftUseCase(drift_ledger, store, drift_meter),
        )
        consumer = TicketingMqConsumer(ApplySeatResultsUseCase(unit_of_work, notices, status.touch))
        batches = BatchConsumer(
            connected.bus,
            topic=connected.topics.seat_results(),
            group=connected.topics.ticketing_group(),
            dead_letter_topic=connected.topics.dead_letters(),
            handler=consumer.handle,
            now=utc_now,
            observer=PrometheusBatchMeter(registry),
        )
        with metrics_listener(registry, settings.metrics_host, settings.metrics_port):
            tell_ready(settings, metrics_port=settings.metrics_port)
            async with background(commands.run()):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(jobs.run(stop))
                    tasks.create_task(batches.run(stop))
                await commands.drain()


@asynccontextmanager
async def open_demo_maker(settings: Settings) -> AsyncIterator[DemoMaker]:
    """What makes the demo's accounts and event."""
    pool = await create_pool(settings.database_url, size_max=2)
    engine = create_read_engine(settings.database_url, size_max=1)
    users = AsyncpgUserRepository(pool)
    hasher = BcryptPasswordHasher(rounds=settings.bcrypt_rounds)
    try:
        yield DemoMaker(
            users,
            SqlalchemyEventReader(engine),
            RegisterUserUseCase(users, hasher),
            CreateEventAndTicketsUseCase(AsyncpgEventWriter(pool)),
        )
    finally:
        hasher.close()
        await engine.dispose()
        await pool.close()


@asynccontextmanager
async def open_message_bus(
    settings: Settings,
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


def _message_bus(settings: Settings, topics: KafkaTopicBuilder) -> MessageBus:
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
        settings.seat_store_url,
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


def process_registry() -> CollectorRegistry:
    """Metrics of this process, to begin with those that the operating system keeps of it."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def tell_ready(settings: Settings, **where: object) -> None:
    """Log that the role does its work from now on."""
    _log.info("role_ready", bus=settings.bus.value, **where)
