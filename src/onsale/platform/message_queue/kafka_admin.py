"""Kafka's topics, and a group's unread messages seen without joining the group."""

import asyncio
import concurrent.futures
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.kafka_consumer import to_received_message
from onsale.platform.message_queue.message_bus import ReceivedMessage

ANSWER_SECONDS_MAX = 5.0
CHECK_SECONDS_MAX = 2.0
FIRST_ASKED_FRACTION = 0.4
"""Of the time for a check, how much the client has for the broker that it chose itself."""
ASKED_COUNT_MAX = 5
TOPIC_READY_SECONDS_MAX = 10.0
COORDINATOR_RETRY_SECONDS = 0.1
OFFSETS_TOPIC = "__consumer_offsets"

_COORDINATOR_STARTING = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)

# Not allowed to see it, or asked a broker that does not know the new topic yet.
_CONFIG_NOT_TOLD = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART)

_ClientConfig = Mapping[str, str | int | float | bool]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """How a topic shall be: what it is made with, and what it is held against where it exists.

    ``min_insync`` copies must have a message before it counts as published.
    """

    name: str
    partition_count: int
    replication_factor: int
    min_insync: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicState:
    """How a topic is; ``None`` for what the broker does not let us see.

    ``replica_count`` is that of the partition with the fewest, ``in_sync_count`` likewise.
    """

    name: str
    partition_count: int
    replica_count: int
    in_sync_count: int
    min_insync: int | None

    def shortfalls(self, plan: TopicPlan) -> list[str]:
        """What is less than planned, each as a phrase; empty where all is well."""
        compared = (
            ("partitions", self.partition_count, plan.partition_count),
            ("copies of a partition", self.replica_count, plan.replication_factor),
            ("copies that must have a message", self.min_insync, plan.min_insync),
        )
        return [
            f"{found} {what} instead of {wanted}"
            for what, found, wanted in compared
            if found is not None and found < wanted
        ]


class KafkaAdmin:
    """Creates topics, looks at them, and says whether the cluster answers."""

    def __init__(self, client_config: _ClientConfig) -> None:
        self._client_config = dict(client_config)
        self._client: AdminClient | None = None
        self._logger = structlog.stdlib.get_logger(__name__)

    async def ensure_topic(self, plan: TopicPlan) -> None:
        """Create the topic unless it exists, and return when it can be used.

        One that exists stays as it is: other partitions would break the order of keys, and other
        copies are a decision of those who run the cluster. What it falls short of is logged.
        """
        state = await self.state(plan.name)
        if state is None:
            config = {**plan.config, "min.insync.replicas": str(plan.min_insync)}
            new = NewTopic(plan.name, plan.partition_count, plan.replication_factor, config=config)
            futures = self._admin().create_topics([new], request_timeout=ANSWER_SECONDS_MAX)
            await _answer(futures[plan.name], KafkaError.TOPIC_ALREADY_EXISTS)
            state = await self._wait_for_topic(plan.name)
        self._report(state, plan)

    async def report_offsets_topic(self, replication_factor: int, min_insync: int) -> None:
        """Log if the groups' own topic has fewer copies; the cluster makes it, not this service.

        A cluster that began as a single broker keeps it on that one, and without it no group
        consumes. It comes into being with the first group.
        """
        plan = TopicPlan(OFFSETS_TOPIC, 1, replication_factor, min_insync)
        state = await self.state(OFFSETS_TOPIC)
        if state is not None:
            self._report(state, plan)

    async def state(self, topic: str) -> TopicState | None:
        """How a topic is; ``None`` if it is unknown. Asking this way never creates one."""
        described = self._admin().describe_topics(
            TopicCollection([topic]), request_timeout=ANSWER_SECONDS_MAX
        )[topic]
        description = await _answer(described, KafkaError.UNKNOWN_TOPIC_OR_PART)
        if description is None or not description.partitions:
            return None
        return TopicState(
            topic,
            partition_count=len(description.partitions),
            replica_count=min(len(each.replicas) for each in description.partitions),
            in_sync_count=min(len(each.isr) for each in description.partitions),
            min_insync=await self._min_insync(topic),
        )

    async def check(self) -> None:
        """Raise ``UnavailableError`` unless the cluster answers in ``CHECK_SECONDS_MAX``."""
        try:
            await _ask(self._admin(), CHECK_SECONDS_MAX * FIRST_ASKED_FRACTION)
        except UnavailableError:
            # The client asked a broker of its choice, which may be the one that stands still.
            await self._ask_each(CHECK_SECONDS_MAX * (1 - FIRST_ASKED_FRACTION))

    async def _ask_each(self, seconds_max: float) -> None:
        """Ask every bootstrap broker by itself, at the same time; one answer is enough."""
        addresses = str(self._client_config["bootstrap.servers"]).split(",")
        clients = [
            AdminClient({**self._client_config, "bootstrap.servers": address})
            for address in addresses[:ASKED_COUNT_MAX]
        ]
        asked = [asyncio.ensure_future(_ask(client, seconds_max)) for client in clients]
        try:
            failure: UnavailableError | None = None
            for answer in asyncio.as_completed(asked):
                try:
                    return await answer
                except UnavailableError as error:
                    failure = error
            assert failure is not None
            raise failure
        finally:
            for each in asked:
                each.cancel()

    def close(self) -> None:
        """Let go of the connections."""
        self._client = None

    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = AdminClient(self._client_config)
        return self._client

    def _report(self, state: TopicState, plan: TopicPlan) -> None:
        for shortfall in state.shortfalls(plan):
            self._logger.warning("topic_falls_short", topic=state.name, shortfall=shortfall)

    async def _min_insync(self, topic: str) -> int | None:
        """What holds for the topic, its own setting or the broker's."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        futures = self._admin().describe_configs([resource], request_timeout=ANSWER_SECONDS_MAX)
        (future,) = futures.values()
        entries = await _answer(future, *_CONFIG_NOT_TOLD)
        entry = None if entries is None else entries.get("min.insync.replicas")
        return None if entry is None or entry.value is None else int(entry.value)

    async def _wait_for_topic(self, topic: str) -> TopicState:
        """A new topic reaches the brokers a little after the controller has agreed to it."""
        backoff = Backoff(first_seconds=0.02, seconds_max=0.5)
        waited_seconds = 0.0
        while waited_seconds < TOPIC_READY_SECONDS_MAX:
            state = await self.state(topic)
            if state is not None:
                return state
            wait_seconds = backoff.next_seconds()
            await asyncio.sleep(wait_seconds)
            waited_seconds += wait_seconds
        raise UnavailableError("message-bus", f"{topic} was created, yet is unknown")


async def _ask(client: AdminClient, seconds_max: float) -> None:
    future = client.describe_cluster(request_timeout=seconds_max)
    await _answer(future, seconds_max=seconds_max)


async def _answer(
    future: "concurrent.futures.Future[_T]",
    *accepted_codes: int,
    seconds_max: float = ANSWER_SECONDS_MAX,
) -> _T | None:
    """The future's result; nothing where the broker answered with one of ``accepted_codes``."""
    try:
        async with asyncio.timeout(seconds_max):
            return await asyncio.wrap_future(future)
    except TimeoutError as error:
        raise UnavailableError("message-bus", "the broker did not answer in time") from error
    except KafkaException as error:
        reason = error.args[0]
        if reason.code() in accepted_codes:
            return None
        raise UnavailableError("message-bus", reason.str()) from error


def count_unread(client_config: _ClientConfig, topic: str, group: str) -> dict[int, int]:
    """How many messages of each partition lie behind the group's committed offsets; blocks."""
    with _onlooker(client_config, group) as consumer:
        return {start.partition: end - start.offset for start, end in _unread(consumer, topic)}


def read_unread(
    client_config: _ClientConfig, topic: str, group: str, limit: int
) -> list[ReceivedMessage]:
    """The first ``limit`` messages that ``group`` has not consumed, oldest first; blocks."""
    found: list[tuple[tuple[int, int, int], ReceivedMessage]] = []
    with _onlooker(client_config, group) as consumer:
        for start, end in _unread(consumer, topic):
            found += _read_partition(consumer, start, min(limit, end - start.offset))
    found.sort(key=lambda entry: entry[0])
    return [message for _, message in found[:limit]]


@contextmanager
def _onlooker(client_config: _ClientConfig, group: str) -> Iterator[Consumer]:
    """A consumer that may read the group's offsets, and never subscribes, so never joins it.

    The admin client could tell the offsets too, but does not find the group's coordinator again
    once the broker has been away (seen with librdkafka 2.16).
    """
    consumer = Consumer(
        {
            **client_config,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # A new assignment waits for the fetch that is under way.
            "fetch.wait.max.ms": 10,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise UnavailableError("message-bus", str(error)) from error
    finally:
        consumer.close()


def _unread(consumer: Consumer, topic: str) -> list[tuple[TopicPartition, int]]:
    """First unread offset and end offset of each partition; none for an unknown topic."""
    metadata = consumer.list_topics(topic, timeout=ANSWER_SECONDS_MAX).topics[topic]
    if metadata.error is not None and metadata.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaException(metadata.error)
    if not metadata.partitions:
        return []
    unread = []
    partitions = [TopicPartition(topic, index) for index in metadata.partitions]
    for entry in _committed(consumer, partitions):
        earliest, end = consumer.get_watermark_offsets(entry, timeout=ANSWER_SECONDS_MAX)
        # Nothing committed is a negative offset; what retention has deleted cannot be read.
        start = min(max(entry.offset, earliest), end)
        unread.append((TopicPartition(topic, entry.partition, start), end))
    return unread


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """The group's offsets, once its coordinator, which may just be starting, is ready."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while True:
        try:
            return consumer.committed(partitions, timeout=ANSWER_SECONDS_MAX)
        except KafkaException as error:
            if error.args[0].code() not in _COORDINATOR_STARTING or time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_RETRY_SECONDS)


def _read_partition(
    consumer: Consumer, start: TopicPartition, wanted_count: int
) -> list[tuple[tuple[int, int, int], ReceivedMessage]]:
    """Messages from ``start`` on, each with what sorts it among those of other partitions."""
    found: list[tuple[tuple[int, int, int], ReceivedMessage]] = []
    if wanted_count > 0:
        consumer.assign([start])
    while len(found) < wanted_count:
        messages = consumer.consume(wanted_count - len(found), timeout=ANSWER_SECONDS_MAX)
        if not messages:
            raise UnavailableError("message-bus", "the broker did not deliver in time")
        for message in messages:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            received = to_received_message(message)
            order = (message.timestamp()[1], received.partition, int(received.position))
            found.append((order, received))
    return found
