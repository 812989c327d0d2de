"""The broker goes away and comes back: what was to be sent meanwhile leaves as soon as it can."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message
from onsale.service.shared_kernel.seat_messages import decode_command
from onsale.service.ticketing.app.command import resend_owed_commands_use_case
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    ResendOwedCommandsUseCase,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from tests.support.pipeline import Pipeline, raise_error

BATCH_COUNT = 10


@dataclass(slots=True)
class Broker:
    """Takes messages, or refuses them while it is away."""

    is_away: bool = True
    refused_counts: list[int] = field(default_factory=list)
    taken: list[UUID] = field(default_factory=list)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        del topic
        if self.is_away:
            self.refused_counts.append(len(messages))
            raise UnavailableError("message-bus")
        self.taken += [decode_command(message.value).booking_id for message in messages]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend_owed_commands_use_case, "BATCH_COUNT_MAX", BATCH_COUNT)
    monkeypatch.setattr(resend_owed_commands_use_case, "HURRY_COUNT_MAX", 7)


def _resend(pipeline: Pipeline, broker: Broker) -> ResendOwedCommandsUseCase:
    publisher = SeatCommandPublisher(broker, KafkaTopicBuilder("test"), raise_error)
    return ResendOwedCommandsUseCase(pipeline.unit_of_work, publisher)


async def _book_many(pipeline: Pipeline, count: int) -> set[UUID]:
    """Bookings of two events; what the API sent of them at once is lost."""
    buyer = await pipeline.user(UserRole.BUYER)
    events = [await pipeline.open_event(), await pipeline.open_event()]
    bookings = [await pipeline.book(buyer, events[number % 2]) for number in range(count)]
    await pipeline.commands()
    return {booking.id for booking in bookings}


async def _let_be_due(pipeline: Pipeline, count: int) -> None:
    await pipeline.pool.execute(
        "UPDATE booking SET next_send_at = now() - interval '1 second'"
        " WHERE id IN (SELECT id FROM booking ORDER BY id LIMIT $1)",
        count,
    )


async def test_a_refused_sending_does_not_count_and_is_due_again_within_seconds(
    pipeline: Pipeline,
) -> None:
    await _book_many(pipeline, 2 * BATCH_COUNT)
    broker = Broker()
    resend = _resend(pipeline, broker)
    for _ in range(8):
        await _let_be_due(pipeline, 2 * BATCH_COUNT)
        with pytest.raises(UnavailableError):
            await resend.execute()
    assert await pipeline.pool.fetchval("SELECT max(send_count) FROM booking") == 0
    due_in = await pipeline.pool.fetchval("SELECT max(next_send_at) - now() FROM booking")
    assert due_in.total_seconds() <= 2
    assert broker.refused_counts == [BATCH_COUNT, *[1] * 7], "a broker that is away is only asked"


async def test_the_first_that_the_broker_takes_again_hurries_all_the_others(
    pipeline: Pipeline,
) -> None:
    booked = await _book_many(pipeline, 3 * BATCH_COUNT)
    broker = Broker()
    resend = _resend(pipeline, broker)
    await _let_be_due(pipeline, BATCH_COUNT)
    with pytest.raises(UnavailableError):
        await resend.execute()
    broker.is_away = False
    await _let_be_due(pipeline, 1)
    while await resend.execute():
        pass
    assert sorted(broker.taken) == sorted(booked), "each once, none left to its back-off"


async def test_workers_side_by_side_send_what_waited_for_the_broker_once(
    pipeline: Pipeline,
) -> None:
    booked = await _book_many(pipeline, 4 * BATCH_COUNT)
    broker = Broker()
    workers = [_resend(pipeline, broker) for _ in range(3)]
    for worker in workers:
        await _let_be_due(pipeline, BATCH_COUNT)
        with pytest.raises(UnavailableError):
            await worker.execute()
    broker.is_away = False
    await _let_be_due(pipeline, len(workers))

    async def drain(worker: ResendOwedCommandsUseCase) -> None:
        while await worker.execute():
            pass

    await asyncio.gather(*map(drain, workers))
    assert sorted(broker.taken) == sorted(booked)


async def test_what_was_sent_and_not_answered_still_backs_off(pipeline: Pipeline) -> None:
    booked = await _book_many(pipeline, 2)
    broker = Broker(is_away=False)
    resend = _resend(pipeline, broker)
    await _let_be_due(pipeline, 2)
    assert await resend.execute() == 2
    broker.is_away = True
    await _book_many(pipeline, 1)
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now() WHERE send_count = 0")
    with pytest.raises(UnavailableError):
        await resend.execute()
    broker.is_away = False
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now() WHERE send_count = 0")
    await resend.execute()
    assert len(broker.taken) == 3
    assert set(broker.taken) > booked
