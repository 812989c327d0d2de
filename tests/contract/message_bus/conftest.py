"""The buses that the contract holds for: the fake, Redis Streams and Kafka."""

from collections.abc import AsyncIterator

import pytest

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import MessageBus
from tests.support.message_buses import Buses


@pytest.fixture(params=["memory", "redis", pytest.param("kafka", marks=pytest.mark.kafka)])
async def buses(request: pytest.FixtureRequest, topic_prefix: str) -> AsyncIterator[Buses]:
    fixture_of = {"redis": "redis_url", "kafka": "kafka_bootstrap"}
    fixture = fixture_of.get(request.param)
    address = "" if fixture is None else request.getfixturevalue(fixture)
    buses = Buses(request.param, address, KafkaTopicBuilder(topic_prefix))
    await buses.another().ensure_topics()
    yield buses
    await buses.close()


@pytest.fixture
def bus(buses: Buses) -> MessageBus:
    return buses.another()
