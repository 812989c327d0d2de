"""The message buses that the contract holds for, and what tests do with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from onsale.platform.embedded.ports import free_port
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from onsale.platform.message_queue.message_bus import (
    BatchHandler,
    Message,
    MessageBus,
    ReceivedMessage,
)
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from tests.fakes.in_memory_message_bus import InMemoryBroker, InMemoryMessageBus
from tests.servers.waiting import eventually

PARTITION_COUNT = 4
PUBLISH_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = {"memory": 0.0, "redis": 2.0, "kafka": 6.0}
"""How long a member may be silent before its partitions go to others; 6 s is Kafka's least."""

BusKind = Literal["memory", "redis", "kafka"]


def open_bus(
    kind: BusKind,
    address: str,
    topics: KafkaTopicBuilder,
    *,
    broker: InMemoryBroker | None = None,
    publish_seconds_max: float = PUBLISH_SECONDS_MAX,
    batch_count_max: int = 200,
) -> MessageBus:
    """A bus as one process has it."""
    match kind:
        case "memory":
            return InMemoryMessageBus(topics, broker, batch_count_max=batch_count_max)
        case "redis":
            return RedisStreamsMessageBus(
                address,
                topics,
                PARTITION_COUNT,
                batch_count_max=batch_count_max,
                publish_seconds_max=publish_seconds_max,
                lease_seconds=SILENCE_SECONDS_MAX["redis"],
            )
        case "kafka":
            return KafkaMessageBus(
                address,
                topics,
                PARTITION_COUNT,
                batch_count_max=batch_count_max,
                publish_seconds_max=publish_seconds_max,
                session_seconds=SILENCE_SECONDS_MAX["kafka"],
            )


@dataclass(slots=True)
class Buses:
    """One broker and any number of processes' buses on it."""

    kind: BusKind
    address: str
    topics: KafkaTopicBuilder
    broker: InMemoryBroker = field(default_factory=InMemoryBroker)
    opened: list[MessageBus] = field(default_factory=list)

    @property
    def commands(self) -> str:
        """A topic of several partitions."""
        return self.topics.seat_commands()

    @property
    def group(self) -> str:
        """The group that consumes it."""
        return self.topics.seat_reservation_group()

    @property
    def silence_seconds_max(self) -> float:
        return SILENCE_SECONDS_MAX[self.kind]

    def another(self, *, batch_count_max: int = 200) -> MessageBus:
        """A further process's bus on the same broker."""
        bus = open_bus(
            self.kind,
            self.address,
            self.topics,
            broker=self.broker,
            batch_count_max=batch_count_max,
        )
        self.opened.append(bus)
        return bus

    def cut_off(self, *, publish_seconds_max: float) -> MessageBus:
        """A bus whose broker is away."""
        port = free_port()
        address = f"redis://127.0.0.1:{port}/0" if self.kind == "redis" else f"127.0.0.1:{port}"
        bus = open_bus(
            self.kind,
            address,
            self.topics,
            broker=InMemoryBroker(is_away=True),
            publish_seconds_max=publish_seconds_max,
        )
        self.opened.append(bus)
        return bus

    async def close(self) -> None:
        await asyncio.gather(*(bus.close() for bus in self.opened))


def numbered(key: str, count: int, *, first: int = 0) -> list[Message]:
    """Messages of one key with the values ``first``, ``first`` + 1, ..."""
    return [Message(key, str(value).encode()) for value in range(first, first + count)]


@dataclass(slots=True)
class Received:
    """A handler that keeps what it was given."""

    batches: list[list[ReceivedMessage]] = field(default_factory=list)

    async def __call__(self, batch: Sequence[ReceivedMessage]) -> None:
        self.batches.append(list(batch))

    @property
    def messages(self) -> list[ReceivedMessage]:
        return [message for batch in self.batches for message in batch]

    @property
    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]

    @property
    def partitions(self) -> set[int]:
        return {message.partition for message in self.messages}

    def values_of(self, key: str) -> list[int]:
        return [int(message.value) for message in self.messages if message.key == key]

    async def count_reaches(self, count: int, *, timeout_seconds: float = 30.0) -> None:
        def enough() -> bool:
            return len(self.messages) >= count

        await eventually(enough, timeout_seconds=timeout_seconds)


@dataclass(slots=True)
class Member:
    """A consumer at work in a task of its own."""

    stop: asyncio.Event
    task: asyncio.Task[None]

    async def leave(self) -> None:
        """Stop in order; a failure of the consumer is a failure here."""
        self.stop.set()
        async with asyncio.timeout(15):
            await self.task


@asynccontextmanager
async def consuming(
    bus: MessageBus,
    topic: str,
    group: str,
    handler: BatchHandler,
    *,
    batch_count_max: int | None = None,
) -> AsyncIterator[Member]:
    """Consume beside the block, and stop at its end."""

    def consume(stop: asyncio.Event) -> Coroutine[object, object, None]:
        return bus.consume(topic, group, handler, stop=stop, batch_count_max=batch_count_max)

    async with running(consume) as member:
        yield member


@asynccontextmanager
async def running(
    run: Callable[[asyncio.Event], Coroutine[object, object, None]],
) -> AsyncIterator[Member]:
    """Run something that takes a stop event beside the block, and stop it at its end."""
    stop = asyncio.Event()
    member = Member(stop, asyncio.create_task(run(stop)))
    try:
        yield member
        await member.leave()
    finally:
        if not member.task.done():
            member.task.cancel()
            with suppress(asyncio.CancelledError):
                await member.task


async def consume_all(bus: MessageBus, topic: str, group: str, count: int) -> Received:
    """Consume ``count`` messages and commit them."""
    received = Received()
    async with consuming(bus, topic, group, received):
        await received.count_reaches(count)
    return received
