"""The composition root's part for the seat-reservation worker."""

import asyncio

from onsale.bootstrap import (
    Connections,
    background,
    connect,
    patiently,
    tell_ready,
    utc_now,
)
from onsale.bootstrap_telemetry import Telemetry, open_telemetry
from onsale.platform.message_queue.batch_consumer import BatchConsumer
from onsale.platform.observability.batch_meter import PrometheusBatchMeter
from onsale.platform.observability.fault_log import FaultLog
from onsale.service.seat_reservation.app.command.apply_seat_commands_use_case import (
    ApplySeatCommandsUseCase,
)
from onsale.service.seat_reservation.driven_adapter.kafka_producer.seat_result_publisher import (
    SeatResultPublisher,
)
from onsale.service.seat_reservation.driven_adapter.metrics.metered_result_publisher import (
    MeteredResultPublisher,
)
from onsale.service.seat_reservation.driving_adapter.mq_consumer.seat_reservation_mq_consumer import (
    SeatReservationMqConsumer,
)
from onsale.settings import Settings


async def run_seat_reservation_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Consume seat commands until ``stop`` is set."""
    with open_telemetry(settings, "seat-reservation") as telemetry:
        async with connect(settings) as connected:
            if await patiently(connected.bus.ensure_topics, stop):
                await _decide_seat_commands(settings, connected, telemetry, stop)


async def _decide_seat_commands(
    settings: Settings, connected: Connections, telemetry: Telemetry, stop: asyncio.Event
) -> None:
    registry, topics = telemetry.registry, connected.topics
    lag = telemetry.lag_watch(connected.bus, topics, FaultLog())
    publisher = MeteredResultPublisher(
        SeatResultPublisher(telemetry.result_sender(connected.bus), topics), registry
    )
    consumer = SeatReservationMqConsumer(
        ApplySeatCommandsUseCase(telemetry.seat_store(connected.redis), publisher, utc_now),
        publisher,
    )
    batches = BatchConsumer(
        connected.bus,
        topic=topics.seat_commands(),
        group=topics.seat_reservation_group(),
        dead_letter_topic=topics.dead_letters(),
        handler=telemetry.command_handler(consumer.handle),
        now=utc_now,
        observer=PrometheusBatchMeter(registry),
        on_dead_letter=consumer.on_dead_letter,
    )
    async with telemetry.served(settings):
        tell_ready(bus=settings.bus.value, metrics_port=settings.metrics_port)
        async with background(lag.run()):
            await batches.run(stop)
