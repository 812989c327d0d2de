"""A message bus without a broker, for unit tests; passes the contract suite of the real ones."""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import wait_until_set
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import (
    BatchHandler,
    Message,
    ReceivedMessage,
    require_publishable,
)

POLL_SECONDS = 0.005


@dataclass(slots=True)
class InMemoryBroker:
    """What outlives a bus: several buses on one broker are several processes.

    Set ``is_away`` to see how a caller takes an outage.
    """

    partition_count: int = 4
    is_away: bool = False
    topics: dict[str, list[list[ReceivedMessage]]] = field(default_factory=dict)
    # By topic and group: the next position of each partition, the members, and which of them has
    # a batch of which partition in hand.
    offsets: dict[tuple[str, str], dict[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    members: dict[tuple[str, str], list[object]] = field(default_factory=lambda: defaultdict(list))
    in_hand: dict[tuple[str, str], dict[int, object]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def partitions(self, topic: str) -> list[list[ReceivedMessage]]:
        self.require_present()
        count = 1 if topic.endswith(".dead-letters") else self.partition_count
        return self.topics.setdefault(topic, [[] for _ in range(count)])

    def require_present(self) -> None:
        if self.is_away:
            raise UnavailableError("message-bus", "the fake was told to be away")


class InMemoryMessageBus:
    """A connection of one process to an :class:`InMemoryBroker`."""

    def __init__(
        self,
        topics: KafkaTopicBuilder,
        broker: InMemoryBroker | None = None,
        *,
        batch_count_max: int = 200,
    ) -> None:
        self.broker = broker or InMemoryBroker()
        self._topics = topics
        self._batch_count_max = batch_count_max

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        require_publishable(messages)
        partitions = self.broker.partitions(topic)
        for message in messages:
            index = zlib.crc32(message.key.encode()) % len(partitions)
            partitions[index].append(
                ReceivedMessage(
                    topic, index, str(len(partitions[index])), message.key, message.value
                )
            )

    async def ensure_topics(self) -> None:
        for topic in self._topics.all_topics():
            self.broker.partitions(topic)

    async def consume(
        self,
        topic: str,
        group: str,
        handler: BatchHandler,
        *,
        stop: asyncio.Event,
        batch_count_max: int | None = None,
    ) -> None:
        member = object()
        self.broker.members[topic, group].append(member)
        try:
            while not stop.is_set():
                batch = self._take(topic, group, member, batch_count_max or self._batch_count_max)
                if batch:
                    await handler(batch)
                    self._commit(topic, group, batch)
                else:
                    await wait_until_set(stop, POLL_SECONDS)
        finally:
            self.broker.members[topic, group].remove(member)
            self._let_go(topic, group, member)

    async def peek(self, topic: str, group: str, limit: int) -> list[ReceivedMessage]:
        offsets = self.broker.offsets[topic, group]
        return [
            message
            for index, messages in enumerate(self.broker.partitions(topic))
            for message in messages[offsets[index] :]
        ][:limit]

    async def lag(self, topic: str, group: str) -> dict[int, int]:
        offsets = self.broker.offsets[topic, group]
        partitions = self.broker.partitions(topic)
        return {index: len(messages) - offsets[index] for index, messages in enumerate(partitions)}

    async def backlog(self, topic: str, group: str) -> int:
        return sum((await self.lag(topic, group)).values())

    async def check(self) -> None:
        self.broker.require_present()

    async def close(self) -> None:
        """Holds nothing."""

    def _take(
        self, topic: str, group: str, member: object, batch_count_max: int
    ) -> list[ReceivedMessage]:
        if self.broker.is_away:
            return []
        members = self.broker.members[topic, group]
        offsets, in_hand = self.broker.offsets[topic, group], self.broker.in_hand[topic, group]
        self._let_go(topic, group, member)
        batch: list[ReceivedMessage] = []
        for index, messages in enumerate(self.broker.partitions(topic)):
            is_mine = members[index % len(members)] is member and index not in in_hand
            room = batch_count_max - len(batch)
            waiting = messages[offsets[index] : offsets[index] + room]
            if is_mine and waiting:
                in_hand[index] = member
                batch += waiting
        return batch

    def _let_go(self, topic: str, group: str, member: object) -> None:
        in_hand = self.broker.in_hand[topic, group]
        for index in [index for index, holder in in_hand.items() if holder is member]:
            del in_hand[index]

    def _commit(self, topic: str, group: str, batch: Sequence[ReceivedMessage]) -> None:
        offsets = self.broker.offsets[topic, group]
        for message in batch:
            offsets[message.partition] = int(message.position) + 1
