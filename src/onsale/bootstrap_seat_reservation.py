"""The composition root's part for the seat-reservation worker."""

import asyncio

from onsale.bootstrap import connect, patiently, process_registry, tell_ready, utc_now
from onsale.platform.message_queue.batch_consumer import BatchConsumer
from onsale.platform.observability.batch_meter import PrometheusBatchMeter
from onsale.platform.observability.metrics_listener import metrics_listener
from onsale.service.seat_reservation.app.command.apply_seat_commands_use_case import (
    ApplySeatCommandsUseCase,
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
from onsale.settings import Settings


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
