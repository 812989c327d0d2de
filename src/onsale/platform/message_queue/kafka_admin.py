"""Kafka's topics and offsets, seen from outside every consumer group."""

import asyncio
import concurrent.futures
from collections.abc import Iterable, Mapping
from typing import TypeVar

import structlog
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    OffsetSpec,  # type: ignore[attr-defined] # public by its docs
)
from confluent_kafka.cimpl import NewTopic

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.kafka_consumer import to_received_message
from onsale.platform.message_queue.message_bus import ReceivedMessage

ANSWER_SECONDS_MAX = 10.0
CHECK_SECONDS_MAX = 2.0
PEEK_POLL_SECONDS_MAX = 5.0

_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]

_T = TypeVar("_T")


class KafkaAdmin:
    """Creates topics, counts what a group has yet to consume, and looks at it without joining."""

    def __init__(self, client_config: Mapping[str, str | int | float | bool]) -> None:
        self._client_config = dict(client_config)
        self._client: AdminClient | None = None
        self._logger = structlog.stdlib.get_logger(__name__)

    async def ensure_topic(
        self, topic: str, partition_count: int, replication_factor: int, config: dict[str, str]
    ) -> None:
        """Create ``topic`` unless it exists, and return when it can be used."""
        existing_count = await self._partition_count(topic)
        if existing_count == 0:
            new = NewTopic(topic, partition_count, replication_factor, config=config)
            future = self._admin().create_topics([new], request_timeout=ANSWER_SECONDS_MAX)[topic]
            await _answer(future, accepted_code=KafkaError.TOPIC_ALREADY_EXISTS)
            existing_count = await self._wait_for_topic(topic)
        if existing_count < partition_count:
            self._logger.warning(
                "topic_has_fewer_partitions_than_asked",
                topic=topic,
                partition_count=existing_count,
                asked_count=partition_count,
            )

    async def backlog(self, topic: str, group: str) -> int:
        """How many messages of ``topic`` lie behind the group's committed offsets."""
        return sum(end - start for start, end in (await self._unread(topic, group)).values())

    async def peek(self, topic: str, group: str, limit: int) -> list[ReceivedMessage]:
        """The first messages that ``group`` has not consumed, oldest first."""
        unread = await self._unread(topic, group)
        return await asyncio.to_thread(self._read, topic, unread, limit)

    async def check(self) -> None:
        """Raise ``UnavailableError`` unless the cluster answers in ``CHECK_SECONDS_MAX``."""
        await _answer(
            self._admin().describe_cluster(request_timeout=CHECK_SECONDS_MAX),
            seconds_max=CHECK_SECONDS_MAX,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client = None

    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = AdminClient(self._client_config)
        return self._client

    async def _partition_count(self, topic: str) -> int:
        """Zero for an unknown topic; asking this way never creates one."""
        description = await _answer(
            self._admin().describe_topics(
                TopicCollection([topic]), request_timeout=ANSWER_SECONDS_MAX
            )[topic],
            accepted_code=KafkaError.UNKNOWN_TOPIC_OR_PART,
        )
        return 0 if description is None else len(description.partitions)

    async def _wait_for_topic(self, topic: str) -> int:
        """A new topic reaches the brokers a little after the controller has agreed to it."""
        backoff = Backoff(first_seconds=0.02, seconds_max=0.5)
        waited_seconds = 0.0
        while waited_seconds < ANSWER_SECONDS_MAX:
            partition_count = await self._partition_count(topic)
            if partition_count > 0:
                return partition_count
            wait_seconds = backoff.next_seconds()
            await asyncio.sleep(wait_seconds)
            waited_seconds += wait_seconds
        raise UnavailableError("message-bus", f"{topic} was created, yet is unknown")

    async def _unread(self, topic: str, group: str) -> dict[int, tuple[int, int]]:
        """First unread offset and end offset of each partition; none for an unknown topic."""
        partitions = range(await self._partition_count(topic))
        if not partitions:
            return {}
        committed, earliest, latest = await asyncio.gather(
            self._committed(topic, group, partitions),
            self._offsets(topic, partitions, _EARLIEST),
            self._offsets(topic, partitions, _LATEST),
        )
        return {
            # What retention has deleted is no longer there to be read.
            index: (
                min(max(committed.get(index, 0), earliest[index]), latest[index]),
                latest[index],
            )
            for index in partitions
        }

    async def _committed(self, topic: str, group: str, partitions: range) -> dict[int, int]:
        wanted = ConsumerGroupTopicPartitions(
            group, [TopicPartition(topic, index) for index in partitions]
        )
        answers = self._admin().list_consumer_group_offsets(
            [wanted], request_timeout=ANSWER_SECONDS_MAX
        )
        answer = await _answer(answers[group], accepted_code=KafkaError.GROUP_ID_NOT_FOUND)
        entries: Iterable[TopicPartition] = () if answer is None else answer.topic_partitions
        # A partition without a committed offset answers with a negative one.
        return {entry.partition: entry.offset for entry in entries if entry.offset >= 0}

    async def _offsets(self, topic: str, partitions: range, spec: OffsetSpec) -> dict[int, int]:
        futures = self._admin().list_offsets(
            {TopicPartition(topic, index): spec for index in partitions},
            request_timeout=ANSWER_SECONDS_MAX,
        )
        offsets = {}
        for entry, future in futures.items():
            answer = await _answer(future)
            assert answer is not None
            offsets[entry.partition] = int(answer.offset)
        return offsets

    def _read(
        self, topic: str, unread: Mapping[int, tuple[int, int]], limit: int
    ) -> list[ReceivedMessage]:
        consumer = Consumer(
            {
                **self._client_config,
                # The library wants a name; nothing is subscribed to or committed under it.
                "group.id": "unused",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                # A new assignment waits for the fetch that is under way.
                "fetch.wait.max.ms": 10,
            }
        )
        try:
            found = []
            for partition, (start, end) in unread.items():
                wanted_count = min(limit, end - start)
                found += _read_partition(
                    consumer, TopicPartition(topic, partition, start), wanted_count
                )
        except KafkaException as error:
            raise UnavailableError("message-bus", str(error)) from error
        finally:
            consumer.close()
        found.sort(key=lambda entry: entry[0])
        return [message for _, message in found[:limit]]


def _read_partition(
    consumer: Consumer, start: TopicPartition, wanted_count: int
) -> list[tuple[tuple[int, int, int], ReceivedMessage]]:
    """Messages from ``start`` on, each with what sorts it among those of other partitions."""
    if wanted_count <= 0:
        return []
    consumer.assign([start])
    found: list[tuple[tuple[int, int, int], ReceivedMessage]] = []
    while len(found) < wanted_count:
        messages = consumer.consume(wanted_count - len(found), timeout=PEEK_POLL_SECONDS_MAX)
        if not messages:
            raise UnavailableError("message-bus", "the broker did not deliver in time")
        for message in messages:
            error = message.error()
            if error is not None:
                raise UnavailableError("message-bus", error.str())
            received = to_received_message(message)
            order = (message.timestamp()[1], received.partition, int(received.position))
            found.append((order, received))
    return found


async def _answer(
    future: "concurrent.futures.Future[_T]",
    *,
    accepted_code: int | None = None,
    seconds_max: float = ANSWER_SECONDS_MAX,
) -> _T | None:
    """The future's result; nothing where the broker answered with ``accepted_code``."""
    try:
        async with asyncio.timeout(seconds_max):
            return await asyncio.wrap_future(future)
    except TimeoutError as error:
        raise UnavailableError("message-bus", "the broker did not answer in time") from error
    except KafkaException as error:
        reason = error.args[0]
        if accepted_code is not None and reason.code() == accepted_code:
            return None
        raise UnavailableError("message-bus", reason.str()) from error
