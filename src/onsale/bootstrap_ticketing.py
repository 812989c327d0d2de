"""The composition root's part for the ticketing worker."""

import asyncio

from onsale.bootstrap import (
    Connections,
    background,
    connect,
    patiently,
    payment_gateway,
    tell_ready,
    utc_now,
)
from onsale.bootstrap_telemetry import Telemetry, open_telemetry
from onsale.platform.message_queue.batch_consumer import BatchConsumer
from onsale.platform.observability.batch_meter import PrometheusBatchMeter
from onsale.platform.observability.fault_log import FaultLog
from onsale.platform.observability.pool_meter import AsyncpgPoolUse
from onsale.service.seat_reservation.app.command.install_event_seats_use_case import (
    InstallEventSeatsUseCase,
)
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    ApplySeatResultsUseCase,
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
from onsale.service.ticketing.driven_adapter.metrics.ledger_gauges import LedgerGauges
from onsale.service.ticketing.driven_adapter.metrics.prometheus_drift_meter import (
    PrometheusDriftMeter,
)
from onsale.service.ticketing.driven_adapter.metrics.stray_payment_report import (
    StrayPaymentReport,
)
from onsale.service.ticketing.driven_adapter.metrics.upkeep_meter import UpkeepMeter
from onsale.service.ticketing.driven_adapter.repository.asyncpg_drift_ledger import (
    AsyncpgDriftLedger,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driving_adapter.background.repeating import OUTCOMES
from onsale.service.ticketing.driving_adapter.background.upkeep_jobs import UpkeepJobs
from onsale.service.ticketing.driving_adapter.mq_consumer.ticketing_mq_consumer import (
    TicketingMqConsumer,
)
from onsale.settings import Settings


async def run_ticketing_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Consume seat results, and keep holds, owed commands and loads in order, until ``stop``."""
    with open_telemetry(settings, "ticketing") as telemetry:
        async with connect(settings) as connected:
            if await patiently(connected.bus.ensure_topics, stop):
                await _keep_the_ledger(settings, connected, telemetry, stop)


async def _keep_the_ledger(
    settings: Settings, connected: Connections, telemetry: Telemetry, stop: asyncio.Event
) -> None:
    registry, pool = telemetry.registry, connected.pool
    survived = FaultLog()
    store = telemetry.seat_store(connected.redis)
    unit_of_work = telemetry.unit_of_work(AsyncpgTicketingUnitOfWork(pool))
    sender = SeatCommandPublisher(
        telemetry.command_sender(connected.bus), connected.topics, survived
    )
    commands = telemetry.commands(sender)
    notices = telemetry.notices(RedisLiveNotices(connected.redis, connected.subscriber, survived))
    upkeep = AsyncpgUpkeep(pool, store)
    status = RefreshEventStatusUseCase(upkeep, notices)
    gateway = payment_gateway(pool)
    drift_ledger, drift_meter = AsyncpgDriftLedger(pool), PrometheusDriftMeter(registry)
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
        on_run=UpkeepMeter(registry, OUTCOMES).job_ran,
    )
    consumer = TicketingMqConsumer(ApplySeatResultsUseCase(unit_of_work, notices, status.touch))
    batches = BatchConsumer(
        connected.bus,
        topic=connected.topics.seat_results(),
        group=connected.topics.ticketing_group(),
        dead_letter_topic=connected.topics.dead_letters(),
        handler=telemetry.result_handler(consumer.handle),
        now=utc_now,
        observer=PrometheusBatchMeter(registry),
    )
    telemetry.pools({"main": AsyncpgPoolUse(pool)})
    gauges = LedgerGauges(pool, registry, survived)
    lag = telemetry.lag_watch(connected.bus, connected.topics, survived)
    async with telemetry.served(settings):
        tell_ready(bus=settings.bus.value, metrics_port=settings.metrics_port)
        async with background(sender.run(), gauges.run(), lag.run()):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(jobs.run(stop))
                tasks.create_task(batches.run(stop))
            await sender.drain()
