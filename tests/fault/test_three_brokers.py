"""The bus on three brokers: one is killed, one stands still, all are restarted, two are away."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from tests.servers.waiting import eventually
from tests.support.both_buses import require_kafka
from tests.support.kafka_cluster import KafkaCluster, running_cluster
from tests.support.message_buses import Received, consume_all, consuming, numbered
from tests.support.ordered_traffic import Consuming, Publishing, publishing

# The first test of the module starts the cluster, each one heals what the last has done.
pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]

PARTITION_COUNT = 4
PUBLISH_SECONDS_MAX = 30.0
"""Longer than any recovery here, so that a failed call is a fault and not a short patience."""
REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
RECOVERY_SECONDS_MAX = 45.0
"""Within which everything goes on; five to seven seconds where nothing else runs."""


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    require_kafka()
    with running_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture
async def cluster(brokers: KafkaCluster) -> KafkaCluster:
    """All three brokers, in sync."""
    await asyncio.to_thread(brokers.heal)
    return brokers


@pytest.fixture
def topics(topic_prefix: str) -> KafkaTopicBuilder:
    return KafkaTopicBuilder(topic_prefix)


@pytest.fixture
async def bus(cluster: KafkaCluster, topics: KafkaTopicBuilder) -> AsyncIterator[KafkaMessageBus]:
    bus = open_bus(cluster, topics, PUBLISH_SECONDS_MAX)
    await bus.ensure_topics()
    yield bus
    await bus.close()


def open_bus(
    cluster: KafkaCluster,
    topics: KafkaTopicBuilder,
    publish_seconds_max: float,
    replication_factor: int = 3,
    min_insync: int | None = None,
) -> KafkaMessageBus:
    return KafkaMessageBus(
        cluster.bootstrap,
        topics,
        PARTITION_COUNT,
        replication_factor,
        min_insync=min_insync,
        publish_seconds_max=publish_seconds_max,
    )


@asynccontextmanager
async def traffic(
    bus: KafkaMessageBus, topics: KafkaTopicBuilder, *, burst_count: int = 3
) -> AsyncIterator[tuple[Publishing, Consuming]]:
    """Publish and consume within the block; afterwards nothing may be missing or out of order."""
    consumed = Consuming()
    topic, group = topics.seat_commands(), topics.seat_reservation_group()
    async with consuming(bus, topic, group, consumed.handler()):
        async with publishing(bus, topic, burst_count=burst_count) as told:
            await consumed.has_begun(PARTITION_COUNT)
            yield told, consumed
            await told.goes_on(timeout_seconds=RECOVERY_SECONDS_MAX)
        await consumed.all_of(told)
    report = f"{sum(told.acknowledged.values())} acknowledged, {len(told.failures)} calls failed"
    print(  # noqa: T201 - the figures of a run, shown by `pytest -rP`
        f"{report}, {consumed.repeats_count()} handled again; longest gap in publishing"
        f" {told.longest_gap_seconds():.1f} s, in handling {consumed.longest_gap_seconds():.1f} s"
    )


@pytest.mark.parametrize("role", ["coordinator", "controller"])
async def test_a_killed_broker_costs_seconds_and_no_message(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus, role: str
) -> None:
    async with traffic(bus, topics) as (told, consumed):
        if role == "controller":
            victim = cluster.controller()
        else:
            victim = await asyncio.to_thread(cluster.coordinator, topics.seat_reservation_group())
        await asyncio.to_thread(cluster.kill, victim)
        await told.goes_on(timeout_seconds=RECOVERY_SECONDS_MAX)
        await asyncio.to_thread(cluster.start, victim)
        await asyncio.to_thread(cluster.wait_until_in_sync)
    assert told.failures == []
    assert told.longest_gap_seconds() < RECOVERY_SECONDS_MAX
    assert consumed.longest_gap_seconds() < RECOVERY_SECONDS_MAX


async def test_a_broker_that_stands_still_is_passed_by(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus
) -> None:
    async with traffic(bus, topics) as (told, consumed):
        victim = await asyncio.to_thread(cluster.leader, topics.seat_commands())
        await asyncio.to_thread(cluster.pause, victim)
        await told.goes_on(timeout_seconds=RECOVERY_SECONDS_MAX)
        handled_count = len(consumed.handled)
        await told.goes_on()
        await bus.check()
        assert len(consumed.handled) > handled_count
        await asyncio.to_thread(cluster.resume, victim)
        await asyncio.to_thread(cluster.wait_until_in_sync)
    assert consumed.longest_gap_seconds() < RECOVERY_SECONDS_MAX


async def test_a_rolling_restart_fails_no_call(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus
) -> None:
    async with traffic(bus, topics) as (told, consumed):
        for node_id in cluster.node_ids:
            await asyncio.to_thread(cluster.stop, node_id)
            await asyncio.to_thread(cluster.start, node_id)
            await asyncio.to_thread(cluster.wait_until_in_sync)
    assert told.failures == []
    assert told.longest_gap_seconds() < RECOVERY_SECONDS_MAX
    assert consumed.longest_gap_seconds() < RECOVERY_SECONDS_MAX


async def test_with_two_of_three_away_nothing_is_acknowledged_until_one_is_back(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus
) -> None:
    impatient = open_bus(cluster, topics, publish_seconds_max=3.0)
    async with traffic(bus, topics, burst_count=1) as (told, _):
        one, two, _ = cluster.node_ids
        await asyncio.to_thread(cluster.kill, one, two)
        # What was acknowledged on its way while they died may still be told.
        with pytest.raises(UnavailableError):
            async with asyncio.timeout(10):
                await impatient.publish(topics.seat_results(), numbered("a", 1))
        count = sum(told.acknowledged.values())
        with pytest.raises(UnavailableError):
            await impatient.publish(topics.seat_results(), numbered("a", 1))
        assert sum(told.acknowledged.values()) == count
        await asyncio.to_thread(cluster.start, one)
        await told.goes_on(timeout_seconds=RECOVERY_SECONDS_MAX)
    await impatient.close()


async def test_a_partition_that_moves_to_other_brokers_keeps_its_messages_and_their_order(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus, tmp_path: Path
) -> None:
    # With three brokers and three copies there is nowhere to go, so each partition begins with two.
    small = KafkaTopicBuilder(f"{topics.prefix}-two")
    two_copies = open_bus(cluster, small, PUBLISH_SECONDS_MAX, replication_factor=2)
    await two_copies.ensure_topics()
    topic = small.seat_commands()
    plan = tmp_path / "plan.json"
    async with traffic(two_copies, small) as (told, consumed):
        before = await asyncio.to_thread(cluster.replicas, topic)
        (newcomer,) = set(cluster.node_ids) - set(before)
        moved = [newcomer, before[1]]
        plan.write_text(json.dumps(_reassignment(topic, moved)))
        options = ("--reassignment-json-file", plan)
        await asyncio.to_thread(cluster.run_tool, REASSIGN, *options, "--execute")

        def has_moved() -> bool:
            return cluster.replicas(topic) == moved and cluster.leader(topic) == newcomer

        await eventually(lambda: asyncio.to_thread(has_moved), timeout_seconds=60)
        await told.goes_on()
    assert told.failures == []
    assert consumed.longest_gap_seconds() < RECOVERY_SECONDS_MAX
    await two_copies.close()


def _reassignment(topic: str, replicas: list[int]) -> object:
    partition = {"topic": topic, "partition": 0, "replicas": replicas}
    return {"version": 1, "partitions": [partition]}


async def test_what_one_broker_alone_has_is_acknowledged_only_where_one_copy_is_enough(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus
) -> None:
    """And there it is lost with that broker: the control of ``min_insync``."""
    thin_topics = KafkaTopicBuilder(f"{topics.prefix}-thin")
    thin = open_bus(cluster, thin_topics, PUBLISH_SECONDS_MAX, min_insync=1)
    await thin.ensure_topics()
    impatient = open_bus(cluster, topics, publish_seconds_max=3.0)
    letters, thin_letters = topics.dead_letters(), thin_topics.dead_letters()
    await bus.publish(letters, numbered("a", 1))
    await thin.publish(thin_letters, numbered("a", 1))

    *others, alone = cluster.node_ids
    for node_id in others:
        await asyncio.to_thread(cluster.stop, node_id)
    with pytest.raises(UnavailableError):
        await impatient.publish(letters, numbered("a", 1, first=1))
    await thin.publish(thin_letters, numbered("a", 1, first=1))
    await asyncio.to_thread(cluster.kill, alone)
    await asyncio.to_thread(cluster.start, *others)
    # Nobody may lead the thin topic but the dead broker, until an operator gives up on it.
    await asyncio.to_thread(cluster.elect_anyone, thin_letters)
    await bus.publish(letters, numbered("a", 1, first=2))
    # The producer notices that its own message is gone, and is replaced: one call may fail of it.
    with suppress(UnavailableError):
        await thin.publish(thin_letters, numbered("b", 1))
    await thin.publish(thin_letters, numbered("a", 1, first=2))
    # The dead one comes back with what it has, and follows.
    await asyncio.to_thread(cluster.heal)
    kept = await consume_all(bus, letters, topics.dead_letter_group(), 2)
    assert kept.values_of("a") == [0, 2]
    left = Received()
    async with consuming(thin, thin_letters, thin_topics.dead_letter_group(), left):
        await eventually(lambda: 2 in left.values_of("a"), timeout_seconds=30)
    assert left.values_of("a") == [0, 2], "message 1 was acknowledged, and should be lost here"
    await thin.close()
    await impatient.close()


async def test_topics_are_made_with_three_copies_of_which_two_must_have_a_message(
    cluster: KafkaCluster, topics: KafkaTopicBuilder, bus: KafkaMessageBus
) -> None:
    for topic in topics.all_topics():
        state = await bus.topic_state(topic)
        assert state is not None
        assert (state.replica_count, state.in_sync_count, state.min_insync) == (3, 3, 2)
    async with consuming(bus, topics.seat_commands(), "any", Consuming().handler()):

        async def offsets_are_safe() -> bool:
            # The group makes the topic; brokers learn of it one after the other.
            state = await bus.topic_state("__consumer_offsets")
            return state is not None and (state.replica_count, state.min_insync) == (3, 2)

        await eventually(offsets_are_safe, timeout_seconds=30)


async def test_a_topic_with_fewer_copies_than_asked_for_is_reported(
    cluster: KafkaCluster, topics: KafkaTopicBuilder
) -> None:
    alone = open_bus(cluster, topics, PUBLISH_SECONDS_MAX, replication_factor=1)
    await alone.ensure_topics()
    await alone.close()
    bus = open_bus(cluster, topics, PUBLISH_SECONDS_MAX)
    with structlog.testing.capture_logs() as logs:
        await bus.ensure_topics()
    await bus.close()
    told = {
        (each["topic"], each["shortfall"]) for each in logs if each["event"] == "topic_falls_short"
    }
    assert told == {
        (topic, shortfall)
        for topic in topics.all_topics()
        for shortfall in (
            "1 copies of a partition instead of 3",
            "1 copies that must have a message instead of 2",
        )
    }
