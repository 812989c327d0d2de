"""The message bus on Redis Streams, for installations of one machine."""

import asyncio
import secrets
from collections.abc import Sequence

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import BatchHandler, Message, ReceivedMessage
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.message_queue.redis_streams_client import Argument, StreamsClient
from onsale.platform.message_queue.redis_streams_consumer import StreamsMember
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout
from onsale.platform.message_queue.redis_streams_publisher import StreamsPublisher

BATCH_COUNT_MAX = 200
PUBLISH_SECONDS_MAX = 10.0
LEASE_SECONDS = 5.0
BACKLOG_COUNT_MAX = 100_000
CHECK_SECONDS_MAX = 2.0


class RedisStreamsMessageBus:
    """A connection to Redis for one process; the server must run with ``appendfsync always``.

    A topic has one stream a partition. ``lease_seconds`` is how long a member may be silent before
    its partitions go to others. What every group has consumed is trimmed within seconds, and a
    partition that holds ``backlog_count_max`` messages takes no more: together they bound the
    memory. Dead letters have one partition, so that their order is total, and stay until they are
    re-driven.
    """

    def __init__(
        self,
        redis_url: str,
        topics: KafkaTopicBuilder,
        partition_count: int,
        *,
        batch_count_max: int = BATCH_COUNT_MAX,
        publish_seconds_max: float = PUBLISH_SECONDS_MAX,
        lease_seconds: float = LEASE_SECONDS,
        backlog_count_max: int = BACKLOG_COUNT_MAX,
    ) -> None:
        self._topics = topics
        self._batch_count_max = batch_count_max
        self._lease_seconds = lease_seconds
        self._client = StreamsClient(
            redis_url,
            partition_count=partition_count,
            partition_count_of={topics.dead_letters(): 1},
        )
        self._publisher = StreamsPublisher(
            self._client,
            publish_seconds_max=publish_seconds_max,
            backlog_count_max=backlog_count_max,
        )

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """See :meth:`MessagePublisher.publish`."""
        await self._publisher.publish(topic, messages)

    async def ensure_topics(self) -> None:
        """See :meth:`MessageBus.ensure_topics`; also declares who must not miss a message."""
        for topic, group in (
            (self._topics.seat_commands(), self._topics.seat_reservation_group()),
            (self._topics.seat_results(), self._topics.ticketing_group()),
            (self._topics.dead_letters(), self._topics.dead_letter_group()),
        ):
            layout = await self._client.layout(topic)
            await self._client.execute("ZADD", layout.groups(), "+inf", group)

    async def consume(
        self,
        topic: str,
        group: str,
        handler: BatchHandler,
        *,
        stop: asyncio.Event,
        batch_count_max: int | None = None,
    ) -> None:
        """See :meth:`MessageBus.consume`."""
        layout = await self._wait_for_layout(topic, stop)
        if layout is None:
            return
        member = StreamsMember(
            self._client,
            layout,
            group,
            token=secrets.token_hex(16),
            lease_seconds=self._lease_seconds,
            batch_count_max=batch_count_max or self._batch_count_max,
        )
        await member.run(handler, stop)

    async def peek(self, topic: str, group: str, limit: int) -> list[ReceivedMessage]:
        """See :meth:`MessageBus.peek`."""
        layout = await self._client.layout(topic)
        offsets = await self._positions(layout.offsets(group))
        commands: list[list[Argument]] = []
        for index in range(layout.partition_count):
            first = f"{offsets.get(index, 0) + 1}-0"
            commands.append(["XRANGE", layout.stream(index), first, "+", "COUNT", limit])
        return [
            layout.received(index, *entry)
            for index, entries in enumerate(await self._client.execute_all(commands))
            for entry in entries
        ][:limit]

    async def lag(self, topic: str, group: str) -> dict[int, int]:
        """See :meth:`MessageBus.lag`."""
        layout = await self._client.layout(topic)
        # In this order, a message that comes or goes in between cannot make a count negative.
        offsets = await self._positions(layout.offsets(group))
        ends = await self._positions(layout.ends())
        return {
            partition: ends.get(partition, 0) - offsets.get(partition, 0)
            for partition in range(layout.partition_count)
        }

    async def backlog(self, topic: str, group: str) -> int:
        """See :meth:`MessageBus.backlog`."""
        return sum((await self.lag(topic, group)).values())

    async def check(self) -> None:
        """See :meth:`MessageBus.check`."""
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                await self._client.execute("PING")
        except TimeoutError as error:
            raise UnavailableError("message-bus", "no answer in time") from error

    async def close(self) -> None:
        """See :meth:`MessageBus.close`."""
        await self._publisher.close()
        await self._client.close()

    async def _wait_for_layout(self, topic: str, stop: asyncio.Event) -> StreamsLayout | None:
        backoff, log = Backoff(), OccasionalLog()
        while not stop.is_set():
            try:
                return await self._client.layout(topic)
            except UnavailableError as error:
                log.warning("consumer_cut_off", topic=topic, error=str(error))
                await backoff.wait(stop)
        return None

    async def _positions(self, key: str) -> dict[int, int]:
        """A hash of positions by partition."""
        answer = await self._client.execute("HGETALL", key)
        return {int(partition): int(position) for partition, position in answer.items()}
