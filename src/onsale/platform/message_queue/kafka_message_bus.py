"""The message bus on Kafka."""

import asyncio
from collections.abc import Sequence

from onsale.platform.message_queue.kafka_admin import (
    KafkaAdmin,
    TopicPlan,
    TopicState,
    count_unread,
    read_unread,
)
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_consumer import consume_as_member
from onsale.platform.message_queue.kafka_publisher import KafkaPublisher
from onsale.platform.message_queue.message_bus import BatchHandler, Message, ReceivedMessage

BATCH_COUNT_MAX = 200
PUBLISH_SECONDS_MAX = 10.0
SESSION_SECONDS = 6.0
HANDLER_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 5.0
METADATA_SECONDS_MAX = 2.0
RETENTION_DAYS = 7
DEAD_LETTER_RETENTION_DAYS = 30

_MS_PER_DAY = 24 * 60 * 60 * 1000


class KafkaMessageBus:
    """A connection to Kafka for one process.

    ``session_seconds`` is how long a member may be silent before its partitions go to others,
    ``handler_seconds_max`` how long one batch may take before they do. ``publish_seconds_max``
    bounds a publish call. Dead letters have one partition, so that their order is total.

    Each topic is made with ``replication_factor`` copies, of which ``min_insync`` must have a
    message before it counts as published; all but one if not given, so that one broker may die.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topics: KafkaTopicBuilder,
        partition_count: int,
        replication_factor: int = 1,
        *,
        min_insync: int | None = None,
        client_id: str = "onsale",
        batch_count_max: int = BATCH_COUNT_MAX,
        publish_seconds_max: float = PUBLISH_SECONDS_MAX,
        session_seconds: float = SESSION_SECONDS,
        handler_seconds_max: float = HANDLER_SECONDS_MAX,
    ) -> None:
        self._topics = topics
        self._partition_count = partition_count
        self._replication_factor = replication_factor
        self._min_insync = min_insync or max(1, replication_factor - 1)
        self._batch_count_max = batch_count_max
        self._client_config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": bootstrap_servers,
            "client.id": client_id,
            "socket.nagle.disable": True,
            # A broker that stands still keeps its connections open: these two find it out.
            "socket.timeout.ms": int(ANSWER_SECONDS_MAX * 1000),
            "topic.metadata.refresh.interval.ms": int(METADATA_SECONDS_MAX * 1000),
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1000,
            # Troubles come through callbacks and are logged there, not on standard error.
            "log_level": 2,
        }
        self._group_config: dict[str, str | int | float | bool] = {
            "session.timeout.ms": int(session_seconds * 1000),
            # Members learn of a rebalance with a heartbeat: how fast partitions change hands.
            "heartbeat.interval.ms": int(min(session_seconds / 3, 1.0) * 1000),
            "max.poll.interval.ms": int(max(handler_seconds_max, session_seconds) * 1000),
        }
        self._publisher = KafkaPublisher(
            self._client_config, publish_seconds_max=publish_seconds_max
        )
        self._admin = KafkaAdmin(self._client_config)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """See :meth:`MessagePublisher.publish`."""
        await self._publisher.publish(topic, messages)

    async def ensure_topics(self) -> None:
        """See :meth:`MessageBus.ensure_topics`."""
        self._publisher.warm_up()
        await asyncio.gather(
            *map(self._admin.ensure_topic, self.topic_plans()),
            self._admin.report_offsets_topic(self._replication_factor, self._min_insync),
        )

    def topic_plans(self) -> list[TopicPlan]:
        """How each topic shall be."""
        return [self._plan(topic) for topic in self._topics.all_topics()]

    async def topic_state(self, topic: str) -> TopicState | None:
        """How a topic is; ``None`` if it does not exist.

        Raises:
            UnavailableError: the brokers did not answer in time.
        """
        return await self._admin.state(topic)

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
        await consume_as_member(
            {**self._client_config, **self._group_config, "group.id": group},
            topic,
            handler,
            stop=stop,
            batch_count_max=batch_count_max or self._batch_count_max,
        )

    async def peek(self, topic: str, group: str, limit: int) -> list[ReceivedMessage]:
        """See :meth:`MessageBus.peek`."""
        return await asyncio.to_thread(read_unread, self._client_config, topic, group, limit)

    async def lag(self, topic: str, group: str) -> dict[int, int]:
        """See :meth:`MessageBus.lag`."""
        return await asyncio.to_thread(count_unread, self._client_config, topic, group)

    async def backlog(self, topic: str, group: str) -> int:
        """See :meth:`MessageBus.backlog`."""
        return sum((await self.lag(topic, group)).values())

    async def check(self) -> None:
        """See :meth:`MessageBus.check`."""
        await self._admin.check()

    async def close(self) -> None:
        """See :meth:`MessageBus.close`."""
        await self._publisher.close()
        self._admin.close()

    def _plan(self, topic: str) -> TopicPlan:
        is_dead_letters = topic == self._topics.dead_letters()
        days = DEAD_LETTER_RETENTION_DAYS if is_dead_letters else RETENTION_DAYS
        return TopicPlan(
            topic,
            1 if is_dead_letters else self._partition_count,
            self._replication_factor,
            self._min_insync,
            {"retention.ms": str(days * _MS_PER_DAY), "cleanup.policy": "delete"},
        )
