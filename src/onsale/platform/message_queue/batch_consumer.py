"""Keeps a worker going: waits out what is transient, sets aside what is poisonous."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.dead_letter import write_dead_letter
from onsale.platform.message_queue.message_bus import BatchHandler, MessageBus, ReceivedMessage
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.observability.discreet_errors import discreet_name, discreet_words

DeadLetterNotice = Callable[[ReceivedMessage, Exception], Awaitable[None]]


class BatchObserver(Protocol):
    """Is told how the batches go, for metrics."""

    def batch_handled(self, count: int, seconds: float) -> None:
        """A batch of ``count`` messages is done, ``seconds`` after it came, retries included."""
        ...

    def dead_lettered(self, count: int) -> None:
        """So many messages were set aside."""
        ...


class BatchConsumer:
    """Feeds a handler from the bus until told to stop; see :meth:`run`.

    The handler gets whole batches and parts of batches, more than once where something failed, so
    what it does must be idempotent and, for one call, all or nothing. It may raise:

    - ``UnavailableError``: the same messages are tried again with back-off, for as long as it
      takes, and nothing is committed meanwhile;
    - anything else: the batch is halved until the message at fault is alone. That one becomes a
      dead letter, the others go through, in order.

    ``on_dead_letter`` is awaited before the letter is published, so that whoever waits for the
    message can be told. It may raise ``UnavailableError`` and is then repeated; any other failure
    of it is noted in the letter.
    """

    def __init__(
        self,
        bus: MessageBus,
        *,
        topic: str,
        group: str,
        dead_letter_topic: str,
        handler: BatchHandler,
        now: Callable[[], datetime],
        observer: BatchObserver | None = None,
        on_dead_letter: DeadLetterNotice | None = None,
        new_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._bus = bus
        self._topic = topic
        self._group = group
        self._dead_letter_topic = dead_letter_topic
        self._handler = handler
        self._now = now
        self._observer = observer
        self._on_dead_letter = on_dead_letter
        self._new_backoff = new_backoff
        self._outages = OccasionalLog()
        self._tracebacks = OccasionalLog()
        self._logger = structlog.stdlib.get_logger(__name__)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set.

        A batch in hand is finished first, unless its handler is waiting for something that is
        away: then it is left, uncommitted, to whoever consumes next.
        """

        async def handle(batch: Sequence[ReceivedMessage]) -> None:
            started = time.monotonic()
            await self._handle(batch, stop, attempts=1)
            if self._observer is not None:
                self._observer.batch_handled(len(batch), time.monotonic() - started)

        try:
            await self._bus.consume(self._topic, self._group, handle, stop=stop)
        except _StoppedError:
            self._logger.info("batch_left_to_the_next_consumer", topic=self._topic)

    async def _handle(
        self, batch: Sequence[ReceivedMessage], stop: asyncio.Event, *, attempts: int
    ) -> None:
        try:
            await self._persist(lambda: self._handler(batch), stop)
        except _StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the topic
            self._tracebacks.warning("batch_failed", count=len(batch), exc_info=error)
            if len(batch) == 1:
                await self._set_aside(batch[0], error, stop, attempts)
                return
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                await self._handle(half, stop, attempts=attempts + 1)

    async def _set_aside(
        self, message: ReceivedMessage, error: Exception, stop: asyncio.Event, attempts: int
    ) -> None:
        self._logger.error(
            "message_dead_lettered",
            topic=message.topic,
            partition=message.partition,
            position=message.position,
            error=discreet_name(error),
        )
        error_text = discreet_words(error) + await self._notify(message, error, stop)
        letter = write_dead_letter(
            message,
            error=error,
            error_text=error_text,
            failed_at=self._now(),
            group=self._group,
            attempts=attempts,
        )
        await self._persist(lambda: self._bus.publish(self._dead_letter_topic, [letter]), stop)
        if self._observer is not None:
            self._observer.dead_lettered(1)

    async def _notify(self, message: ReceivedMessage, error: Exception, stop: asyncio.Event) -> str:
        """Call ``on_dead_letter``; returns what to add to the letter."""
        notice = self._on_dead_letter
        if notice is None:
            return ""
        try:
            await self._persist(lambda: notice(message, error), stop)
        except _StoppedError:
            raise
        except Exception as failure:
            self._logger.exception("dead_letter_notice_failed", topic=message.topic)
            return f"; the notice failed too: {discreet_name(failure)}"
        return ""

    async def _persist(self, call: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Repeat ``call`` for as long as something is unavailable and nobody asks to stop."""
        backoff = self._new_backoff()
        while True:
            try:
                await call()
                return
            except UnavailableError as error:
                self._outages.warning("waiting_for_dependency", topic=self._topic, error=str(error))
                await backoff.wait(stop)
                if stop.is_set():
                    raise _StoppedError from error


class _StoppedError(Exception):
    """Asked to stop while waiting for something that is away."""
