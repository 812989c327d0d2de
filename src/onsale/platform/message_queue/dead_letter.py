"""Messages that no worker could process: their envelope, how to read and how to re-drive them."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
import structlog

from onsale.platform.message_queue.backoff import wait_until_set
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import (
    MESSAGE_SIZE_BYTES_MAX,
    Message,
    MessageBus,
    ReceivedMessage,
)
from onsale.platform.tasks import end

ERROR_TEXT_LENGTH_MAX = 2_000
TRUNCATED_LENGTH_MAX = 10_000
REDRIVE_IDLE_SECONDS_MAX = 30.0
"""A re-drive gives up after this long without a letter: another one may hold the partition."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message, where it was, and why it could not be processed.

    ``value`` is the body as text or, where it is none, as base64; ``truncated`` marks the beginning
    of a body too large for a letter, for reading only. ``attempts`` counts the batches that failed
    with the message in them, until it was alone in one.
    """

    topic: str
    partition: int
    position: str
    key: str
    value: str
    value_encoding: Literal["text", "base64", "truncated"]
    error_type: str
    error_text: str
    failed_at: datetime
    group: str
    attempts: int
    version: Literal[1] = 1

    def original(self) -> Message | None:
        """The message as it was; nothing where its body was truncated."""
        match self.value_encoding:
            case "text":
                return Message(key=self.key, value=self.value.encode())
            case "base64":
                return Message(key=self.key, value=base64.b64decode(self.value))
            case "truncated":
                return None


def write_dead_letter(
    message: ReceivedMessage,
    *,
    error: Exception,
    error_text: str,
    failed_at: datetime,
    group: str,
    attempts: int,
) -> Message:
    """The letter about ``message``, under the same key; always small enough to publish."""
    value, value_encoding = _readable(message.value)
    letter = DeadLetter(
        topic=message.topic,
        partition=message.partition,
        position=message.position,
        key=message.key,
        value=value,
        value_encoding=value_encoding,
        error_type=type(error).__qualname__,
        error_text=_encodable(error_text)[:ERROR_TEXT_LENGTH_MAX],
        failed_at=failed_at,
        group=group,
        attempts=attempts,
    )
    encoded = msgspec.json.encode(letter)
    if len(encoded) + len(message.key.encode()) > MESSAGE_SIZE_BYTES_MAX:
        letter = msgspec.structs.replace(
            letter,
            key=message.key[:TRUNCATED_LENGTH_MAX],
            value=value[:TRUNCATED_LENGTH_MAX],
            value_encoding="truncated",
        )
        encoded = msgspec.json.encode(letter)
    return Message(key=letter.key, value=encoded)


def _readable(value: bytes) -> tuple[str, Literal["text", "base64"]]:
    try:
        return value.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), "base64"


def _encodable(text: str) -> str:
    """``text`` without the lone surrogates that an error message may quote."""
    return text.encode(errors="replace").decode()


def read_dead_letter(message: ReceivedMessage) -> DeadLetter:
    """The letter in ``message``.

    Raises:
        msgspec.MsgspecError: it holds no dead letter of a version known here.
    """
    return msgspec.json.decode(message.value, type=DeadLetter)


async def list_dead_letters(
    bus: MessageBus, topics: KafkaTopicBuilder, limit: int
) -> list[DeadLetter]:
    """The oldest ``limit`` letters that were not re-driven; what cannot be read is left out.

    Raises:
        UnavailableError: the broker did not answer in time.
    """
    letters = []
    for message in await bus.peek(topics.dead_letters(), topics.dead_letter_group(), limit):
        try:
            letters.append(read_dead_letter(message))
        except msgspec.MsgspecError as error:
            _log_unreadable(message, error)
    return letters


async def redrive_dead_letters(
    bus: MessageBus, topics: KafkaTopicBuilder, limit: int | None = None
) -> int:
    """Publish the oldest ``limit`` letters, or all, where they came from; say how many those were.

    In order, and at least once: a crash half-way repeats some. A letter without its whole message,
    or from a topic unknown here, goes back to the end: nothing is lost and what lies behind it is
    reached.

    Raises:
        UnavailableError: the broker did not take a message in time; run it again.
    """
    backlog_count = await bus.backlog(topics.dead_letters(), topics.dead_letter_group())
    due_count = backlog_count if limit is None else min(backlog_count, limit)
    if due_count <= 0:
        return 0
    redrive = _Redrive(bus, topics, due_count)
    # One at a time under a limit, as only a whole batch can be marked as consumed.
    await redrive.run(batch_count_max=None if limit is None else 1)
    return redrive.redriven_count


class _Redrive:
    """One pass over the letters that were there when it began."""

    def __init__(self, bus: MessageBus, topics: KafkaTopicBuilder, due_count: int) -> None:
        self.redriven_count = 0
        self._bus = bus
        self._topics = topics
        self._due_count = due_count
        self._done = asyncio.Event()
        self._progress = asyncio.Event()
        self._logger = structlog.stdlib.get_logger(__name__)

    async def run(self, *, batch_count_max: int | None) -> None:
        watch = asyncio.create_task(self._give_up_when_idle(), name="redrive-watch")
        try:
            await self._bus.consume(
                self._topics.dead_letters(),
                self._topics.dead_letter_group(),
                self._republish,
                stop=self._done,
                batch_count_max=batch_count_max,
            )
        finally:
            await end(watch)

    async def _republish(self, batch: Sequence[ReceivedMessage]) -> None:
        originals: dict[str, list[Message]] = {}
        returned: list[Message] = []
        for message in batch:
            topic, original = _original(message)
            if original is None or topic not in self._topics.all_topics():
                returned.append(Message(key=message.key, value=message.value))
            else:
                originals.setdefault(topic, []).append(original)
        for topic, messages in originals.items():
            await self._bus.publish(topic, messages)
        if returned:
            self._logger.warning("dead_letters_returned", count=len(returned))
            await self._bus.publish(self._topics.dead_letters(), returned)
        self.redriven_count += len(batch) - len(returned)
        self._due_count -= len(batch)
        self._progress.set()
        if self._due_count <= 0:
            self._done.set()

    async def _give_up_when_idle(self) -> None:
        while await wait_until_set(self._progress, REDRIVE_IDLE_SECONDS_MAX):
            self._progress.clear()
        self._logger.warning("redrive_saw_no_letter", left_count=self._due_count)
        self._done.set()


def _original(message: ReceivedMessage) -> tuple[str, Message | None]:
    """Where the letter's message belongs, and the message unless it cannot be restored."""
    try:
        letter = read_dead_letter(message)
        return letter.topic, letter.original()
    except (msgspec.MsgspecError, ValueError) as error:
        _log_unreadable(message, error)
        return message.topic, None


def _log_unreadable(message: ReceivedMessage, error: Exception) -> None:
    structlog.stdlib.get_logger(__name__).error(
        "dead_letter_unreadable",
        partition=message.partition,
        position=message.position,
        error=str(error),
    )
