"""The resilient consumer's decisions, on the fake bus."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from structlog.typing import EventDict

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.batch_consumer import BatchConsumer, DeadLetterNotice
from onsale.platform.message_queue.dead_letter import (
    TRUNCATED_LENGTH_MAX,
    list_dead_letters,
    read_dead_letter,
    write_dead_letter,
)
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import (
    MESSAGE_SIZE_BYTES_MAX,
    BatchHandler,
    Message,
    ReceivedMessage,
    require_publishable,
)
from tests.fakes.in_memory_message_bus import InMemoryMessageBus
from tests.servers.waiting import eventually
from tests.support.message_buses import Received, running

TOPICS = KafkaTopicBuilder("unit")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[Sequence[EventDict]]:
    """What is logged: printing a traceback takes longer than what is tested here."""
    with capture_logs() as entries:
        yield entries


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


async def consume(
    bus: InMemoryMessageBus, handler: BatchHandler, on_dead_letter: DeadLetterNotice | None = None
) -> None:
    consumer = BatchConsumer(
        bus,
        topic=TOPICS.seat_commands(),
        group=TOPICS.seat_reservation_group(),
        dead_letter_topic=TOPICS.dead_letters(),
        handler=handler,
        now=lambda: NOON,
        on_dead_letter=on_dead_letter,
        new_backoff=lambda: Backoff(first_seconds=0.001, seconds_max=0.01),
    )

    async def nothing_is_left() -> bool:
        return await bus.backlog(TOPICS.seat_commands(), TOPICS.seat_reservation_group()) == 0

    async with running(consumer.run):
        await eventually(nothing_is_left)


def received(value: bytes, key: str = "a") -> ReceivedMessage:
    return ReceivedMessage(TOPICS.seat_commands(), 1, "7", key, value)


@settings(deadline=None, max_examples=50)
@given(keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), data=st.data())
def test_exactly_the_bad_messages_are_set_aside_and_keys_stay_in_order(
    keys: list[str], data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, len(keys) - 1)))
    bus, done, call_sizes = InMemoryMessageBus(TOPICS), Received(), []

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        call_sizes.append(len(batch))
        if any(int(message.value) in bad for message in batch):
            raise KeyError("bad")
        await done(batch)

    async def scenario() -> list[int]:
        messages = [Message(key, str(index).encode()) for index, key in enumerate(keys)]
        await bus.publish(TOPICS.seat_commands(), messages)
        await consume(bus, handle)
        letters = await list_dead_letters(bus, TOPICS, 100)
        return sorted(int(letter.value) for letter in letters)

    assert asyncio.run(scenario()) == sorted(bad)
    for key in set(keys):
        wanted = [index for index, each in enumerate(keys) if each == key and index not in bad]
        assert done.values_of(key) == wanted
    # Halving: one bad message in a batch of n costs no more than 2 log2(n) further calls.
    depth = max(1, (len(keys) - 1).bit_length())
    assert len(call_sizes) <= len(keys) + 2 * depth * len(bad)


async def test_an_outage_half_way_repeats_only_what_was_not_done() -> None:
    bus, done, outages = InMemoryMessageBus(TOPICS), Received(), 3

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        nonlocal outages
        if any(message.value == b"bad" for message in batch):
            raise ValueError("bad")
        if done.messages and outages:
            outages -= 1
            raise UnavailableError("seat-store")
        await done(batch)

    values = [b"1", b"2", b"bad", b"4"]
    await bus.publish(TOPICS.seat_commands(), [Message("a", value) for value in values])
    await consume(bus, handle)
    assert (done.values, outages) == ([b"1", b"2", b"4"], 0)


async def test_of_a_row_that_was_refused_neither_letter_nor_log_tells(
    quiet: Sequence[EventDict],
) -> None:
    bus = InMemoryMessageBus(TOPICS)

    async def handle(_batch: Sequence[ReceivedMessage]) -> None:
        refused = asyncpg.CheckViolationError("violates check constraint")
        refused.detail = "Failing row contains (private.person@example.test)."
        raise refused

    await bus.publish(TOPICS.seat_commands(), [Message("a", b"1")])
    await consume(bus, handle)
    (letter,) = await list_dead_letters(bus, TOPICS, 10)
    assert (letter.error_type, letter.error_text) == ("CheckViolationError", "sqlstate 23514")
    (set_aside,) = (each for each in quiet if each["event"] == "message_dead_lettered")
    assert set_aside["error"] == "CheckViolationError('sqlstate 23514')"


async def test_a_notice_that_fails_is_noted_in_the_letter_and_stops_nothing() -> None:
    bus = InMemoryMessageBus(TOPICS)

    async def handle(_batch: Sequence[ReceivedMessage]) -> None:
        raise ValueError("bad")

    async def notify(_message: ReceivedMessage, _error: Exception) -> None:
        raise RuntimeError("nobody home")

    await bus.publish(TOPICS.seat_commands(), [Message("a", b"1"), Message("a", b"2")])
    await consume(bus, handle, notify)
    letters = await list_dead_letters(bus, TOPICS, 10)
    assert [letter.value for letter in letters] == ["1", "2"]
    assert letters[0].error_text == "bad; the notice failed too: RuntimeError('nobody home')"
    assert letters[0].attempts == 2


async def test_a_notice_that_meets_an_outage_is_repeated() -> None:
    bus, notice_count = InMemoryMessageBus(TOPICS), 0

    async def handle(_batch: Sequence[ReceivedMessage]) -> None:
        raise ValueError("bad")

    async def notify(_message: ReceivedMessage, _error: Exception) -> None:
        nonlocal notice_count
        notice_count += 1
        if notice_count < 3:
            raise UnavailableError("message-bus")

    await bus.publish(TOPICS.seat_commands(), [Message("a", b"1")])
    await consume(bus, handle, notify)
    assert notice_count == 3
    assert (await list_dead_letters(bus, TOPICS, 10))[0].error_text == "bad"


@given(value=st.binary(max_size=200), key=st.text(max_size=20))
def test_a_letter_gives_its_message_back(value: bytes, key: str) -> None:
    message = received(value, key)
    letter = read_dead_letter(
        received(
            write_dead_letter(
                message,
                error=ValueError(),
                error_text="\udcff",
                failed_at=NOON,
                group="g",
                attempts=1,
            ).value
        )
    )
    assert letter.original() == Message(key, value)
    assert (letter.topic, letter.partition, letter.position) == (message.topic, 1, "7")
    assert (letter.version, letter.failed_at, letter.error_text) == (1, NOON, "?")


def test_a_body_too_large_for_a_letter_is_cut_for_reading_only() -> None:
    written = write_dead_letter(
        received(bytes([200]) * (MESSAGE_SIZE_BYTES_MAX - 10)),
        error=ValueError(),
        error_text="x" * 1_000_000,
        failed_at=NOON,
        group="g",
        attempts=1,
    )
    require_publishable([written])
    letter = read_dead_letter(received(written.value))
    assert letter.value_encoding == "truncated"
    assert len(letter.value) == TRUNCATED_LENGTH_MAX
    assert letter.original() is None


def test_backoff_doubles_to_its_bound_and_never_waits_longer_or_less_than_half() -> None:
    slow, fast = Backoff(0.1, 5.0, lambda: 1.0), Backoff(0.1, 5.0, lambda: 0.0)
    assert [slow.next_seconds() for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [fast.next_seconds() for _ in range(3)] == [0.05, 0.1, 0.2]
    slow.reset()
    assert slow.next_seconds() == 0.1


async def test_backoff_is_over_when_told_to_stop() -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(1):
        await Backoff(first_seconds=60.0, seconds_max=60.0).wait(stop)
