"""What is posted leaves in the background, and before its process ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message
from onsale.platform.pace import Pace
from onsale.platform.tasks import end
from onsale.service.shared_kernel.seat_messages import SelectionMode, decode_command
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.driven_adapter.kafka_producer import seat_command_publisher
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from tests.servers.waiting import eventually


@dataclass
class Broker:
    """Takes messages once it is let."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_take: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[UUID] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        del topic
        self.asked.set()
        await self.may_take.wait()
        self.counts.append(len(messages))
        self.taken += [decode_command(message.value).booking_id for message in messages]


def _booking() -> Booking:
    return Booking(
        id=uuid7(),
        buyer_id=1,
        event_id=1,
        section="A",
        subsection=1,
        seat_selection_mode=SelectionMode.BEST_AVAILABLE,
        quantity=1,
        seat_positions=(),
        total_price=0,
        currency="USD",
        status=BookingStatus.PROCESSING,
        created_at=datetime.now(UTC),
    )


def _raise(error: Exception) -> None:
    raise error


async def test_a_drain_waits_for_what_has_been_taken_from_the_outbox() -> None:
    broker = Broker()
    publisher = SeatCommandPublisher(broker, KafkaTopicBuilder("test"), _raise)
    running = asyncio.create_task(publisher.run())
    publisher.post([booking := _booking()], {})
    await broker.asked.wait()
    assert publisher.waiting_count == 0
    draining = asyncio.create_task(publisher.drain())
    asyncio.get_running_loop().call_soon(broker.may_take.set)
    await draining
    assert broker.taken == [booking.id]
    await end(running)


async def test_what_is_posted_within_the_pace_leaves_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seat_command_publisher, "Pace", partial(Pace, seconds=0.5))
    broker = Broker()
    broker.may_take.set()
    publisher = SeatCommandPublisher(broker, KafkaTopicBuilder("test"), _raise)
    running = asyncio.create_task(publisher.run())
    for _ in range(3):
        publisher.post([_booking()], {})
        for _turn in range(10):
            await asyncio.sleep(0)  # whoever does not wait has sent it by now
    await eventually(lambda: len(broker.taken) == 3)
    assert broker.counts == [1, 2]
    await end(running)
