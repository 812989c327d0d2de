"""Publishing to Kafka: one future a call, resolved when the broker has acknowledged all of it."""

import asyncio
import threading
from collections.abc import Mapping, Sequence

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.message_bus import Message, require_publishable
from onsale.platform.message_queue.occasional_log import OccasionalLog

LINGER_MS = 1
QUEUE_COUNT_MAX = 100_000
QUEUE_KIB_MAX = 64 * 1024
POLL_SECONDS = 0.1
FLUSH_SECONDS_MAX = 10.0
EXPIRY_SCAN_SECONDS = 2.0
"""The client looks for expired messages once a second: how late their expiry may be told."""

ClientConfig = Mapping[str, str | int | float | bool]


class KafkaPublisher:
    """An idempotent producer with a thread that waits for the broker's acknowledgements.

    The library's own asyncio producer is not used: it was seen to keep messages back for seconds.
    """

    def __init__(self, client_config: ClientConfig, *, publish_seconds_max: float) -> None:
        self._client_config = client_config
        self._publish_seconds_max = publish_seconds_max
        self._line: _ProducerLine | None = None

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """See :meth:`MessagePublisher.publish`."""
        if not messages:
            return
        require_publishable(messages)
        line = self._open_line()
        receipt = _Receipt(asyncio.get_running_loop(), len(messages))
        try:
            # A failure ends the loop: nothing may overtake a message that was not queued.
            for message in messages:
                line.producer.produce(
                    topic, message.value, message.key, on_delivery=receipt.on_delivery
                )
        except BufferError as error:
            raise UnavailableError("message-bus", "the local queue is full") from error
        except KafkaException as error:
            raise UnavailableError("message-bus", str(error)) from error
        try:
            async with asyncio.timeout(self._publish_seconds_max + EXPIRY_SCAN_SECONDS):
                failure = await receipt.future
        except TimeoutError as error:
            raise UnavailableError("message-bus", "no acknowledgement in time") from error
        if failure is not None:
            raise UnavailableError("message-bus", failure.str())

    def warm_up(self) -> None:
        """Connect in the background: the first acknowledgement of a producer takes a second."""
        self._open_line()

    async def close(self) -> None:
        """Flush, for at most ``FLUSH_SECONDS_MAX``, and end the thread."""
        line, self._line = self._line, None
        if line is not None:
            await asyncio.to_thread(line.close)

    def _open_line(self) -> "_ProducerLine":
        """The producer in use; a new one where the last has failed for good."""
        if self._line is not None and self._line.is_broken:
            self._line.abandon()
            self._line = None
        if self._line is None:
            self._line = _ProducerLine(
                {
                    **self._client_config,
                    "acks": "all",
                    "enable.idempotence": True,
                    "linger.ms": LINGER_MS,
                    "delivery.timeout.ms": int(self._publish_seconds_max * 1000),
                    "request.timeout.ms": int(self._publish_seconds_max * 1000 / 2),
                    # As Kafka's own clients do it, so that foreign tools find the same partition.
                    "partitioner": "murmur2",
                    "queue.buffering.max.messages": QUEUE_COUNT_MAX,
                    "queue.buffering.max.kbytes": QUEUE_KIB_MAX,
                }
            )
        return self._line


class _Receipt:
    """Counts the acknowledgements of one publish call; its future holds the first error, or none.

    An error is a result here, not an exception: a caller that was cancelled never asks for it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, missing_count: int) -> None:
        self.future: asyncio.Future[KafkaError | None] = loop.create_future()
        self._loop = loop
        self._missing_count = missing_count

    def on_delivery(self, error: KafkaError | None, _message: KafkaMessage) -> None:
        # Runs in the polling thread, which alone touches the count.
        self._missing_count -= 1
        if (error is None and self._missing_count > 0) or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(self._settle, error)
        except RuntimeError:
            # The loop closed in between: nobody is left to be told.
            structlog.stdlib.get_logger(__name__).warning("receipt_came_after_the_loop_closed")

    def _settle(self, error: KafkaError | None) -> None:
        if not self.future.done():
            self.future.set_result(error)


class _ProducerLine:
    """A producer and the thread that serves its callbacks."""

    def __init__(self, config: ClientConfig) -> None:
        self.is_broken = False
        self._log = OccasionalLog()
        self.producer = Producer({**config, "error_cb": self._on_error})
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka-acknowledgements")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        unsent_count = self.producer.flush(FLUSH_SECONDS_MAX)
        if unsent_count:
            structlog.stdlib.get_logger(__name__).warning(
                "publisher_closed_with_unsent_messages", unsent_count=unsent_count
            )
        self.abandon()
        self._thread.join()

    def abandon(self) -> None:
        """Tell every waiting call that its messages will not be sent, and end the thread."""
        self.producer.purge(blocking=False)
        self._closing.set()

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._poll_once(POLL_SECONDS)
        self._poll_once(0)

    def _poll_once(self, seconds_max: float) -> None:
        try:
            self.producer.poll(seconds_max)
        except KafkaException as error:
            # A fatal error may come this way instead of through the callback. The thread must
            # outlive it: whoever waits is told by a later poll.
            self._on_error(error.args[0])
            self._closing.wait(seconds_max)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - its name for it
            self.is_broken = True
        self._log.warning("kafka_publisher_trouble", error=error.str(), fatal=self.is_broken)
