"""The port to the message broker.

What every adapter promises, and the contract suite checks:

- messages of one key stay in the order in which they were published;
- a message is delivered at least once to each consumer group, also after crashes on either side;
- a group that never read a topic starts with the first message that is still kept;
- a batch counts as consumed only once its handler has returned.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What a publisher hands over: ``key`` decides the partition, ``value`` is the encoded body."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as a consumer gets it; ``position`` is unique and rises within its partition."""

    topic: str
    partition: int
    position: str
    key: str
    value: bytes


BatchHandler = Callable[[Sequence[ReceivedMessage]], Awaitable[None]]

MESSAGE_SIZE_BYTES_MAX = 900_000
"""Key and value together: within what Kafka's brokers and clients take without being told."""


def require_publishable(messages: Sequence[Message]) -> None:
    """Refuse what no broker would take, before any of it is sent.

    Raises:
        ValueError: a message is larger than ``MESSAGE_SIZE_BYTES_MAX``; repeating will not help.
    """
    for message in messages:
        size_bytes = len(message.key.encode()) + len(message.value)
        if size_bytes > MESSAGE_SIZE_BYTES_MAX:
            raise ValueError(
                f"a message of {size_bytes} bytes is over the limit of {MESSAGE_SIZE_BYTES_MAX}"
            )


class MessagePublisher(Protocol):
    """Hands messages to the broker."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged every message durably.

        Raises:
            UnavailableError: the broker did not acknowledge all of them in time; some may still
                have arrived, so the caller repeats or gives up, and consumers tolerate repeats.
            ValueError: a message is larger than ``MESSAGE_SIZE_BYTES_MAX``; none was sent.
        """
        ...


class MessageBus(MessagePublisher, Protocol):
    """A broker connection of one process."""

    async def ensure_topics(self) -> None:
        """Create what is missing of the topics of :class:`KafkaTopicBuilder`, with partitions.

        A topic that exists keeps its partitions: another number would move keys between them and
        so break their order.

        Raises:
            UnavailableError: the broker did not do it in time; doing it again is harmless.
        """
        ...

    async def consume(
        self,
        topic: str,
        group: str,
        handler: BatchHandler,
        *,
        stop: asyncio.Event,
        batch_count_max: int | None = None,
    ) -> None:
        """Feed batches to ``handler`` until ``stop`` is set, then hand the partitions over.

        A batch holds whatever is waiting, up to ``batch_count_max`` messages (the adapter's own
        limit where none is given), of any of the partitions that this member holds. Its offsets
        are committed after the handler returned. When the handler raises, nothing of the batch is
        committed and the exception travels to the caller. A broker that is away is waited for
        with a bounded back-off, for as long as it takes.
        """
        ...

    async def peek(self, topic: str, group: str, limit: int) -> list[ReceivedMessage]:
        """The first ``limit`` messages that ``group`` has not consumed yet, consuming none.

        In order within a partition. A topic that does not exist is empty.

        Raises:
            UnavailableError: the broker did not answer in time.
        """
        ...

    async def lag(self, topic: str, group: str) -> dict[int, int]:
        """How many messages of each partition of ``topic`` the ``group`` has yet to consume.

        Raises:
            UnavailableError: the broker did not answer in time.
        """
        ...

    async def backlog(self, topic: str, group: str) -> int:
        """The same of all partitions together.

        Raises:
            UnavailableError: the broker did not answer in time.
        """
        ...

    async def check(self) -> None:
        """Raise ``UnavailableError`` unless the broker answers within two seconds."""
        ...

    async def close(self) -> None:
        """Flush what is buffered (bounded to ten seconds) and release every connection."""
        ...
