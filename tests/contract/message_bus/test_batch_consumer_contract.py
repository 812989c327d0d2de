"""The resilient consumer and the dead letters, on every bus."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff
from onsale.platform.message_queue.batch_consumer import BatchConsumer
from onsale.platform.message_queue.dead_letter import (
    DeadLetter,
    list_dead_letters,
    redrive_dead_letters,
)
from onsale.platform.message_queue.message_bus import Message, MessageBus, ReceivedMessage
from tests.servers.waiting import eventually
from tests.support.message_buses import Buses, Received, consume_all, numbered, running

STOP_SECONDS_MAX = 10.0
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class PoisonError(Exception):
    """What the handler makes of a bad message."""


@dataclass(slots=True)
class FragileHandler:
    """Refuses whole batches that hold a bad message, and is away for its first calls."""

    bad_values: frozenset[bytes] = frozenset()
    outages_left: int = 0
    done: Received = field(default_factory=Received)
    notices: list[tuple[bytes, str]] = field(default_factory=list)

    async def __call__(self, batch: Sequence[ReceivedMessage]) -> None:
        if self.outages_left:
            self.outages_left -= 1
            raise UnavailableError("postgresql", "the test says so")
        bad = [message.value for message in batch if message.value in self.bad_values]
        if bad:
            raise PoisonError(f"cannot digest {bad}")
        await self.done(batch)

    async def on_dead_letter(self, message: ReceivedMessage, error: Exception) -> None:
        self.notices.append((message.value, type(error).__name__))


@dataclass(slots=True)
class Tally:
    handled_count: int = 0
    dead_count: int = 0

    def batch_handled(self, count: int, seconds: float) -> None:
        assert seconds >= 0
        self.handled_count += count

    def dead_lettered(self, count: int) -> None:
        self.dead_count += count


def batch_consumer(
    buses: Buses, bus: MessageBus, handler: FragileHandler, tally: Tally | None = None
) -> BatchConsumer:
    return BatchConsumer(
        bus,
        topic=buses.commands,
        group=buses.group,
        dead_letter_topic=buses.topics.dead_letters(),
        handler=handler,
        now=lambda: NOON,
        observer=tally,
        on_dead_letter=handler.on_dead_letter,
        new_backoff=lambda: Backoff(first_seconds=0.01, seconds_max=0.05),
    )


async def consume_until_empty(
    buses: Buses, bus: MessageBus, handler: FragileHandler, tally: Tally | None = None
) -> None:
    async def nothing_is_left() -> bool:
        return await bus.backlog(buses.commands, buses.group) == 0

    async with running(batch_consumer(buses, bus, handler, tally).run):
        await eventually(nothing_is_left, timeout_seconds=30)


async def test_a_poisonous_message_is_set_aside_and_the_rest_goes_through_in_order(
    buses: Buses, bus: MessageBus
) -> None:
    await bus.publish(buses.commands, numbered("a", 20) + numbered("b", 20, first=100))
    handler, tally = FragileHandler(bad_values=frozenset({b"7", b"119"})), Tally()
    await consume_until_empty(buses, bus, handler, tally)

    assert handler.done.values_of("a") == [value for value in range(20) if value != 7]
    assert handler.done.values_of("b") == list(range(100, 119))
    assert sorted(handler.notices) == [(b"119", "PoisonError"), (b"7", "PoisonError")]
    assert (tally.handled_count, tally.dead_count) == (40, 2)

    letters = {each.value: each for each in await list_dead_letters(bus, buses.topics, 10)}
    assert letters.keys() == {"7", "119"}
    letter = letters["7"]
    assert (letter.topic, letter.key, letter.group) == (buses.commands, "a", buses.group)
    assert (letter.error_type, letter.failed_at) == ("PoisonError", NOON)
    assert letter.error_text == "cannot digest [b'7']"


async def test_an_outage_is_waited_for_and_nothing_is_committed_or_set_aside_meanwhile(
    buses: Buses, bus: MessageBus
) -> None:
    await bus.publish(buses.commands, numbered("a", 10))
    handler = FragileHandler(outages_left=1_000_000)
    async with running(batch_consumer(buses, bus, handler).run):
        await eventually(lambda: handler.outages_left < 999_997)
        assert await bus.backlog(buses.commands, buses.group) == 10
        handler.outages_left = 0
        await handler.done.count_reaches(10)
    assert handler.done.values_of("a") == list(range(10))
    assert await list_dead_letters(bus, buses.topics, 10) == []
    assert await bus.backlog(buses.commands, buses.group) == 0


async def test_stopping_during_an_outage_is_prompt_and_leaves_the_batch_to_the_next(
    buses: Buses, bus: MessageBus
) -> None:
    await bus.publish(buses.commands, numbered("a", 3))
    handler = FragileHandler(outages_left=1_000_000)
    async with running(batch_consumer(buses, bus, handler).run) as member:
        await eventually(lambda: handler.outages_left < 1_000_000)
        member.stop.set()
        await asyncio.wait_for(asyncio.shield(member.task), STOP_SECONDS_MAX)
    again = await consume_all(bus, buses.commands, buses.group, 3)
    assert again.values_of("a") == [0, 1, 2]


async def make_dead_letters(buses: Buses, bus: MessageBus, values: range) -> None:
    messages = [Message(f"event:{value % 3}", str(value).encode()) for value in values]
    handler = FragileHandler(bad_values=frozenset(message.value for message in messages))
    await bus.publish(buses.commands, messages)
    await consume_until_empty(buses, bus, handler)


async def test_redriven_letters_come_back_to_their_topic_in_order_and_are_gone(
    buses: Buses, bus: MessageBus
) -> None:
    await make_dead_letters(buses, bus, range(9))
    letters = await list_dead_letters(bus, buses.topics, 100)
    assert sorted(int(letter.value) for letter in letters) == list(range(9))

    assert await redrive_dead_letters(bus, buses.topics) == 9
    assert await list_dead_letters(bus, buses.topics, 100) == []
    received = await consume_all(bus, buses.commands, buses.group, 9)
    for number in range(3):
        assert received.values_of(f"event:{number}") == [number, number + 3, number + 6]
    assert await redrive_dead_letters(bus, buses.topics) == 0


async def test_a_limited_redrive_leaves_the_rest(buses: Buses, bus: MessageBus) -> None:
    await make_dead_letters(buses, bus, range(5))
    oldest: list[DeadLetter] = await list_dead_letters(bus, buses.topics, 2)

    assert await redrive_dead_letters(bus, buses.topics, 2) == 2
    left = await list_dead_letters(bus, buses.topics, 100)
    assert len(left) == 3
    redriven = await consume_all(bus, buses.commands, buses.group, 2)
    assert sorted(redriven.values) == sorted(letter.value.encode() for letter in oldest)
    assert await redrive_dead_letters(bus, buses.topics, 100) == 3


async def test_what_cannot_be_redriven_goes_back_to_the_end(buses: Buses, bus: MessageBus) -> None:
    await bus.publish(buses.topics.dead_letters(), [Message("a", b"no letter")])
    await make_dead_letters(buses, bus, range(2))
    assert await redrive_dead_letters(bus, buses.topics) == 2
    left = await bus.peek(buses.topics.dead_letters(), buses.topics.dead_letter_group(), 10)
    assert [message.value for message in left] == [b"no letter"]
