"""What the bus on Kafka alone must show: its topics' settings and a producer that can break."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from onsale.platform.embedded.ports import free_port
from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue import kafka_publisher
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from tests.support.message_buses import consume_all, numbered

pytestmark = pytest.mark.kafka

FATAL = KafkaError(KafkaError._FATAL)
MS_PER_DAY = 24 * 60 * 60 * 1000
# Of a busy machine; far less than a message is given to leave.
AT_ONCE_SECONDS_MAX = 15.0


@pytest.fixture
def topics(topic_prefix: str) -> KafkaTopicBuilder:
    return KafkaTopicBuilder(topic_prefix)


@pytest.fixture
async def bus(kafka_bootstrap: str, topics: KafkaTopicBuilder) -> AsyncIterator[KafkaMessageBus]:
    bus = KafkaMessageBus(kafka_bootstrap, topics, 4)
    await bus.ensure_topics()
    yield bus
    await bus.close()


@pytest.fixture
async def cut_off(topics: KafkaTopicBuilder) -> AsyncIterator[KafkaMessageBus]:
    """A bus whose broker is away."""
    bus = KafkaMessageBus(f"127.0.0.1:{free_port()}", topics, 4, publish_seconds_max=60.0)
    yield bus
    # Its messages will never leave: nothing to flush.
    line = bus._publisher._line
    if line is not None:
        line._on_error(FATAL)
        bus._publisher._open_line()
    await bus.close()


async def test_commands_are_kept_for_a_week_and_dead_letters_for_a_month(
    bus: KafkaMessageBus, kafka_bootstrap: str, topics: KafkaTopicBuilder
) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    days = {}
    for topic in topics.all_topics():
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        future = admin.describe_configs([resource])[resource]
        settings = await asyncio.wrap_future(future)
        days[topic] = int(settings["retention.ms"].value) // MS_PER_DAY
    assert days == {topics.seat_commands(): 7, topics.seat_results(): 7, topics.dead_letters(): 30}


async def test_a_topic_keeps_the_partitions_it_was_made_with(
    bus: KafkaMessageBus, kafka_bootstrap: str, topics: KafkaTopicBuilder
) -> None:
    await bus.publish(topics.seat_commands(), numbered("a", 2))
    other = KafkaMessageBus(kafka_bootstrap, topics, 16)
    await other.ensure_topics()
    await other.publish(topics.seat_commands(), numbered("a", 2, first=2))
    received = await consume_all(other, topics.seat_commands(), "g" + topics.prefix, 4)
    assert received.values_of("a") == [0, 1, 2, 3]
    await other.close()


async def test_a_producer_that_failed_for_good_is_replaced(
    bus: KafkaMessageBus, topics: KafkaTopicBuilder
) -> None:
    await bus.publish(topics.seat_commands(), numbered("a", 1))
    broken = bus._publisher._line
    assert broken is not None
    broken._on_error(FATAL)
    await bus.publish(topics.seat_commands(), numbered("a", 1, first=1))
    assert bus._publisher._line is not broken
    assert await bus.backlog(topics.seat_commands(), topics.seat_reservation_group()) == 2


async def test_whoever_waits_for_a_producer_that_failed_for_good_is_told_at_once(
    cut_off: KafkaMessageBus, topics: KafkaTopicBuilder
) -> None:
    waiting = asyncio.create_task(cut_off.publish(topics.seat_commands(), numbered("a", 3)))
    await asyncio.sleep(0)
    line = cut_off._publisher._line
    assert line is not None
    line._on_error(FATAL)
    cut_off._publisher._open_line()
    async with asyncio.timeout(AT_ONCE_SECONDS_MAX):
        with pytest.raises(UnavailableError):
            await waiting


async def test_a_full_local_queue_is_told_at_once(
    cut_off: KafkaMessageBus, topics: KafkaTopicBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_publisher, "QUEUE_COUNT_MAX", 10)
    async with asyncio.timeout(AT_ONCE_SECONDS_MAX):
        with pytest.raises(UnavailableError, match="local queue is full"):
            await cut_off.publish(topics.seat_commands(), numbered("a", 11))
