"""How far consumers are, as metrics."""

import time
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message
from onsale.platform.observability.lag_watch import Consumption, LagWatch
from tests.fakes.in_memory_message_bus import InMemoryMessageBus

TOPIC, GROUP = "commands", "deciders"
DEAD = Consumption("dead-letters", "redrive")


@pytest.fixture
def bus() -> InMemoryMessageBus:
    return InMemoryMessageBus(KafkaTopicBuilder())


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def watch(bus: InMemoryMessageBus, registry: CollectorRegistry) -> LagWatch:
    return LagWatch(bus, [Consumption(TOPIC, GROUP)], DEAD, registry, lambda _: None)


def lags(registry: CollectorRegistry) -> Sequence[float]:
    return sorted(
        sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "onsale_consumer_lag_messages"
    )


async def test_what_waits_is_told_by_partition_and_dead_letters_apart(
    bus: InMemoryMessageBus, registry: CollectorRegistry, watch: LagWatch
) -> None:
    await bus.publish(TOPIC, [Message("a", b"1"), Message("a", b"2")])
    await bus.publish(DEAD.topic, [Message("a", b"3")])
    await watch.look()
    assert lags(registry)[-1] == 2
    assert sum(lags(registry)) == 2
    assert registry.get_sample_value("onsale_dead_letters_waiting") == 1


async def test_a_look_that_fails_leaves_the_figures_and_their_age(
    bus: InMemoryMessageBus, registry: CollectorRegistry, watch: LagWatch
) -> None:
    await bus.publish(TOPIC, [Message("a", b"1")])
    before = time.time()
    await watch.look()
    looked_at = registry.get_sample_value("onsale_consumer_lag_looked_timestamp_seconds")
    assert looked_at is not None
    assert before <= looked_at <= time.time()
    bus.broker.is_away = True
    with pytest.raises(UnavailableError):
        await watch.look()
    assert sum(lags(registry)) == 1
    assert registry.get_sample_value("onsale_consumer_lag_looked_timestamp_seconds") == looked_at
