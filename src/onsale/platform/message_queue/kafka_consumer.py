"""One member of a Kafka consumer group: batches to a handler, offsets after it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.message_bus import BatchHandler, ReceivedMessage
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.pace import Pace

POLL_SECONDS = 0.25
"""How long a quiet member waits in one go, and so how late it notices that it shall stop."""
COMMIT_SECONDS = 0.1
"""Offsets are committed no more often: as much as whoever takes over may handle again."""
READ_AHEAD_COUNT = 10_000
READ_AHEAD_KIB = 16 * 1024
FETCH_WAIT_MS_MAX = 250

_T = TypeVar("_T")


async def consume_as_member(
    config: Mapping[str, str | int | float | bool],
    topic: str,
    handler: BatchHandler,
    *,
    stop: asyncio.Event,
    batch_count_max: int,
) -> None:
    """Join the group that ``config`` names and feed ``handler`` until ``stop`` is set.

    The consumer lives in one thread of its own and is polled only between batches. Rebalances
    happen inside a poll, so a batch in hand is always finished and committed before its partition
    goes to another member, unless it takes longer than ``max.poll.interval.ms``.
    """
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")

    def in_thread(call: Callable[..., _T], *args: object) -> asyncio.Future[_T]:
        return loop.run_in_executor(thread, call, *args)

    try:
        member = await in_thread(_Member, config, topic, batch_count_max)
        try:
            while not stop.is_set():
                batch = await in_thread(member.gather)
                if batch:
                    await handler(batch)
                    await in_thread(member.commit, batch)
        finally:
            # Shielded: a cancelled member leaves its group too, or its partitions would lie idle
            # until the session timed out.
            await asyncio.shield(in_thread(member.close))
    finally:
        thread.shutdown(wait=False)


class _Member:
    """The blocking half; every method runs in the one thread."""

    def __init__(
        self, config: Mapping[str, str | int | float | bool], topic: str, batch_count_max: int
    ) -> None:
        self._topic = topic
        self._batch_count_max = batch_count_max
        self._pace = Pace(batch_count_max)
        self._held: set[int] = set()
        self._taken_away: set[int] = set()
        self._uncommitted: dict[int, int] = {}
        self._is_committing = False
        self._next_commit_at = 0.0
        self._log = OccasionalLog()
        self._consumer = Consumer(
            {
                **config,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                # Members that stay keep their partitions, and keep consuming, while others move.
                "partition.assignment.strategy": "cooperative-sticky",
                "fetch.wait.max.ms": FETCH_WAIT_MS_MAX,
                "fetch.queue.backoff.ms": 10,
                "queued.min.messages": READ_AHEAD_COUNT,
                "queued.max.messages.kbytes": READ_AHEAD_KIB,
                "error_cb": self._on_error,
                "on_commit": self._on_commit,
            }
        )
        self._consumer.subscribe(
            [topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def gather(self) -> list[ReceivedMessage]:
        """Wait for a first message, then take what else has arrived; empty after a quiet while."""
        self._taken_away.clear()
        time.sleep(self._pace.seconds_to_wait())
        first = self._consumer.poll(POLL_SECONDS)
        # What the last attempt could not commit, or what has been handled since it began.
        self._begin_to_commit()
        if first is None:
            return []
        messages = [first]
        if self._batch_count_max > 1:
            messages += self._consumer.consume(self._batch_count_max - 1, timeout=0)
        self._pace.begin(len(messages))
        # Taking more may have run a rebalance that took the first one's partition away.
        gone = self._taken_away
        return [
            received
            for index, message in enumerate(messages)
            if (received := self._received(message)) is not None
            and received.partition in self._held
            and (index > 0 or received.partition not in gone)
        ]

    def commit(self, batch: Sequence[ReceivedMessage]) -> None:
        """Mark the batch as consumed.

        Not waited for: while the group's coordinator moves to another broker, which takes seconds,
        the members go on. Whoever takes a partition over meanwhile handles those seconds again.
        """
        for message in batch:
            if message.partition in self._held:
                self._uncommitted[message.partition] = int(message.position) + 1
        self._begin_to_commit()

    def close(self) -> None:
        """Leave the group at once; what could not be committed a moment ago comes again."""
        self._consumer.close()

    def _begin_to_commit(self) -> None:
        """One attempt at a time, so that an older one cannot come after a newer one."""
        if self._is_committing or not self._uncommitted or time.monotonic() < self._next_commit_at:
            return
        self._next_commit_at = time.monotonic() + COMMIT_SECONDS
        try:
            self._consumer.commit(offsets=self._due(), asynchronous=True)
            self._is_committing = True
        except KafkaException as error:
            self._on_commit(error.args[0], [])

    def _on_commit(self, error: KafkaError | None, answers: list[TopicPartition]) -> None:
        """Runs in a poll: what was committed is due no more, unless it has moved on."""
        self._is_committing = False
        if error is not None and error.code() != KafkaError._NO_OFFSET:  # noqa: SLF001
            # Fenced or cut off: either these messages come again, or a later commit covers them.
            self._log.warning("offset_commit_failed", topic=self._topic, error=error.str())
            return
        for answer in answers:
            if answer.error is not None:
                self._log.warning(
                    "offset_commit_failed",
                    topic=self._topic,
                    partition=answer.partition,
                    error=answer.error.str(),
                )
            elif self._uncommitted.get(answer.partition) == answer.offset:
                del self._uncommitted[answer.partition]

    def _commit_now(self) -> None:
        """Before a partition goes to another member, which begins where this one says."""
        if not self._uncommitted:
            return
        try:
            self._on_commit(None, self._consumer.commit(offsets=self._due(), asynchronous=False))
        except KafkaException as error:
            self._on_commit(error.args[0], [])

    def _due(self) -> list[TopicPartition]:
        return [TopicPartition(self._topic, *entry) for entry in self._uncommitted.items()]

    def _received(self, message: KafkaMessage) -> ReceivedMessage | None:
        error = message.error()
        if error is None:
            return to_received_message(message)
        if error.fatal():
            raise UnavailableError("message-bus", error.str())
        self._on_error(error)
        return None

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._held.update(entry.partition for entry in partitions)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._commit_now()
        self._on_lost(consumer, partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for entry in partitions:
            self._held.discard(entry.partition)
            self._taken_away.add(entry.partition)
            self._uncommitted.pop(entry.partition, None)

    def _on_error(self, error: KafkaError) -> None:
        self._log.warning("kafka_consumer_trouble", topic=self._topic, error=error.str())


def to_received_message(message: KafkaMessage) -> ReceivedMessage:
    """What the port calls a message, from one that carries no error."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return ReceivedMessage(
        topic=topic,
        partition=partition,
        position=str(offset),
        # Foreign publishers may leave either out, or use a key that is no text.
        key=(message.key() or b"").decode(errors="replace"),
        value=message.value() or b"",
    )
