"""What every message bus promises."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue import kafka_consumer, redis_streams_consumer
from onsale.platform.message_queue.message_bus import (
    MESSAGE_SIZE_BYTES_MAX,
    BatchHandler,
    Message,
    MessageBus,
    ReceivedMessage,
)
from onsale.platform.pace import Pace
from tests.servers.waiting import eventually
from tests.support.message_buses import (
    PARTITION_COUNT,
    SILENCE_SECONDS_MAX,
    Buses,
    Received,
    consume_all,
    consuming,
    numbered,
)

# Longer than it takes to publish a few messages on a busy machine.
PACE_SECONDS = 4.0
STOP_SECONDS_MAX = 10.0


class CrashError(Exception):
    """A fault in a handler."""


async def test_messages_of_a_key_stay_in_order_under_concurrent_publishers(
    buses: Buses, bus: MessageBus
) -> None:
    async def publish_in_turn(publisher: MessageBus, key: str) -> None:
        for first in range(0, 60, 6):
            await publisher.publish(buses.commands, numbered(key, 6, first=first))

    keys = [f"event:{number}" for number in range(12)]
    publishers = [buses.another(), buses.another()]
    received = Received()
    async with consuming(bus, buses.commands, buses.group, received):
        await asyncio.gather(
            *(publish_in_turn(publishers[index % 2], key) for index, key in enumerate(keys))
        )
        await received.count_reaches(60 * len(keys))
    assert all(received.values_of(key) == list(range(60)) for key in keys)
    assert received.partitions == set(range(PARTITION_COUNT))


async def test_calls_of_one_process_keep_their_order_without_waiting_for_each_other(
    buses: Buses, bus: MessageBus
) -> None:
    calls = [bus.publish(buses.commands, numbered("a", 1, first=value)) for value in range(50)]
    await asyncio.gather(*calls)
    received = await consume_all(bus, buses.commands, buses.group, 50)
    assert received.values_of("a") == list(range(50))


async def test_positions_rise_within_a_partition(buses: Buses, bus: MessageBus) -> None:
    for _ in range(3):
        await bus.publish(buses.commands, numbered("a", 5) + numbered("b", 5) + numbered("c", 5))
    received = await consume_all(bus, buses.commands, buses.group, 45)
    for partition in received.partitions:
        own = [int(each.position) for each in received.messages if each.partition == partition]
        assert own == sorted(set(own))


async def test_a_message_arrives_as_it_was_published(buses: Buses, bus: MessageBus) -> None:
    message = Message("42:Sitzplätze-1", bytes(range(256)))
    await bus.publish(buses.commands, [message])
    (received,) = (await consume_all(bus, buses.commands, buses.group, 1)).messages
    assert (received.topic, received.key, received.value) == (
        buses.commands,
        message.key,
        message.value,
    )


async def test_each_group_gets_every_message_from_the_first(buses: Buses, bus: MessageBus) -> None:
    await bus.publish(buses.commands, numbered("a", 3))
    one, two = Received(), Received()
    async with (
        consuming(bus, buses.commands, f"{buses.topics.prefix}.one", one),
        consuming(bus, buses.commands, f"{buses.topics.prefix}.two", two),
    ):
        await one.count_reaches(3)
        await two.count_reaches(3)
    assert one.values_of("a") == two.values_of("a") == [0, 1, 2]


async def test_a_published_message_outlives_its_publisher(buses: Buses, bus: MessageBus) -> None:
    publisher = buses.another()
    await publisher.publish(buses.commands, numbered("a", 2))
    await publisher.close()
    assert (await consume_all(bus, buses.commands, buses.group, 2)).values_of("a") == [0, 1]


async def test_a_failure_of_the_handler_travels_and_its_batch_comes_again(
    buses: Buses, bus: MessageBus
) -> None:
    async def crash(_batch: Sequence[ReceivedMessage]) -> None:
        raise CrashError

    await bus.publish(buses.commands, numbered("a", 3))
    with pytest.raises(CrashError):
        await bus.consume(buses.commands, buses.group, crash, stop=asyncio.Event())
    assert await bus.backlog(buses.commands, buses.group) == 3

    again = await consume_all(bus, buses.commands, buses.group, 3)
    assert again.values_of("a") == [0, 1, 2]


async def test_what_came_before_a_failed_batch_stays_consumed(
    buses: Buses, bus: MessageBus
) -> None:
    first = Received()

    async def crash_on_the_second_batch(batch: Sequence[ReceivedMessage]) -> None:
        if first.batches:
            raise CrashError
        await first(batch)

    await bus.publish(buses.commands, numbered("a", 3))
    with pytest.raises(CrashError):
        await bus.consume(
            buses.commands,
            buses.group,
            crash_on_the_second_batch,
            stop=asyncio.Event(),
            batch_count_max=1,
        )
    again = await consume_all(bus, buses.commands, buses.group, 2)
    assert (first.values_of("a"), again.values_of("a")) == ([0], [1, 2])


async def test_a_batch_is_consumed_only_once_its_handler_has_returned(
    buses: Buses, bus: MessageBus
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def handle(_batch: Sequence[ReceivedMessage]) -> None:
        begun.set()
        await may_end.wait()

    await bus.publish(buses.commands, numbered("a", 3))
    async with consuming(bus, buses.commands, buses.group, handle):
        await asyncio.wait_for(begun.wait(), 15)
        assert await bus.backlog(buses.commands, buses.group) == 3
        may_end.set()

        async def nothing_is_left() -> bool:
            return await bus.backlog(buses.commands, buses.group) == 0

        await eventually(nothing_is_left)


async def test_control_a_bus_that_commits_before_handling_loses_messages(
    buses: Buses, bus: MessageBus
) -> None:
    async def crash(_batch: Sequence[ReceivedMessage]) -> None:
        raise CrashError

    await bus.publish(buses.commands, numbered("a", 3))
    with pytest.raises(CrashError):
        await _consume_committing_first(bus, buses.commands, buses.group, crash)
    assert await bus.backlog(buses.commands, buses.group) < 3


async def _consume_committing_first(
    bus: MessageBus, topic: str, group: str, handler: BatchHandler
) -> None:
    stop, batches = asyncio.Event(), Received()

    async def take(batch: Sequence[ReceivedMessage]) -> None:
        await batches(batch)
        stop.set()

    await bus.consume(topic, group, take, stop=stop)
    await handler(batches.messages)


async def test_at_a_trickle_a_message_does_not_wait_for_a_full_batch(
    buses: Buses, bus: MessageBus
) -> None:
    received = Received()
    async with consuming(bus, buses.commands, buses.group, received):
        await bus.publish(buses.commands, numbered("a", 1))
        await received.count_reaches(1)
        # The member has joined: from here on it is about the batch alone.
        for count in range(2, 7):
            await bus.publish(buses.commands, numbered("a", 1))
            await received.count_reaches(count, timeout_seconds=2)


async def test_a_batch_is_what_waits_up_to_the_limit(buses: Buses, bus: MessageBus) -> None:
    for key in ("a", "b", "c", "d", "e"):
        await bus.publish(buses.commands, numbered(key, 20))
    received = Received()
    async with consuming(bus, buses.commands, buses.group, received, batch_count_max=30):
        await received.count_reaches(100)
    sizes = [len(batch) for batch in received.batches]
    assert max(sizes) <= 30
    assert len(sizes) <= 20
    assert all(received.values_of(key) == list(range(20)) for key in ("a", "b", "c", "d", "e"))


async def test_a_quiet_consumer_stops_at_once(buses: Buses, bus: MessageBus) -> None:
    received = Received()
    await bus.publish(buses.commands, numbered("a", 1))
    async with consuming(bus, buses.commands, buses.group, received) as member:
        await received.count_reaches(1)
        member.stop.set()
        await asyncio.wait_for(asyncio.shield(member.task), STOP_SECONDS_MAX)


async def test_a_consumer_told_to_stop_finishes_its_batch_and_takes_no_more(
    buses: Buses, bus: MessageBus
) -> None:
    received, begun, may_end = Received(), asyncio.Event(), asyncio.Event()

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        await received(batch)
        begun.set()
        await may_end.wait()

    await bus.publish(buses.commands, numbered("a", 5))
    async with consuming(bus, buses.commands, buses.group, handle, batch_count_max=2) as member:
        await asyncio.wait_for(begun.wait(), 15)
        member.stop.set()
        may_end.set()
    handled_count = len(received.messages)
    assert len(received.batches) == 1
    assert await bus.backlog(buses.commands, buses.group) == 5 - handled_count
    rest = await consume_all(bus, buses.commands, buses.group, 5 - handled_count)
    assert received.values_of("a") + rest.values_of("a") == [0, 1, 2, 3, 4]


async def test_what_many_small_batches_brought_is_committed_by_whoever_stops(
    buses: Buses, bus: MessageBus
) -> None:
    await bus.publish(buses.commands, numbered("a", 20))
    received, last = Received(), asyncio.Event()

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        await received(batch)
        if len(received.messages) == 20:
            member.stop.set()
            last.set()

    async with consuming(bus, buses.commands, buses.group, handle, batch_count_max=1) as member:
        await asyncio.wait_for(last.wait(), 15)
    assert len(received.batches) == 20
    assert await bus.backlog(buses.commands, buses.group) == 0


@pytest.mark.parametrize(
    "buses", ["redis", pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)
async def test_what_comes_within_the_pace_of_a_batch_is_the_next_one(
    buses: Buses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake has nothing to gain from larger batches."""
    # Whoever keeps such a pace is silent for as long.
    monkeypatch.setitem(SILENCE_SECONDS_MAX, buses.kind, 5 * PACE_SECONDS)
    bus = buses.another()
    for module in (kafka_consumer, redis_streams_consumer):
        monkeypatch.setattr(module, "Pace", partial(Pace, seconds=PACE_SECONDS))
    received = Received()

    async def is_ready_for_more() -> bool:
        return not await bus.backlog(buses.commands, buses.group)

    async with consuming(bus, buses.commands, buses.group, received):
        await bus.publish(buses.commands, numbered("a", 1))
        await eventually(is_ready_for_more)
        for value in range(1, 4):
            await bus.publish(buses.commands, numbered("a", 1, first=value))
        await received.count_reaches(4)
    assert [len(batch) for batch in received.batches] == [1, 3]


async def test_peek_shows_what_is_next_and_consumes_nothing(buses: Buses, bus: MessageBus) -> None:
    topic, group = buses.topics.dead_letters(), buses.topics.dead_letter_group()
    assert await bus.peek(topic, group, 10) == []
    await bus.publish(topic, numbered("a", 5))
    for _ in range(2):
        assert [each.value for each in await bus.peek(topic, group, 3)] == [b"0", b"1", b"2"]
    assert (await consume_all(bus, topic, group, 5)).values_of("a") == [0, 1, 2, 3, 4]
    await bus.publish(topic, numbered("b", 1, first=5))
    assert [each.value for each in await bus.peek(topic, group, 3)] == [b"5"]


async def test_lag_is_told_of_each_partition(buses: Buses, bus: MessageBus) -> None:
    assert set((await bus.lag(buses.commands, buses.group)).values()) == {0}
    await bus.publish(buses.commands, numbered("a", 3))
    lag = await bus.lag(buses.commands, buses.group)
    assert lag.keys() == set(range(PARTITION_COUNT))
    assert sorted(lag.values()) == [*[0] * (PARTITION_COUNT - 1), 3]
    await consume_all(bus, buses.commands, buses.group, 3)

    async def is_caught_up() -> bool:
        return set((await bus.lag(buses.commands, buses.group)).values()) == {0}

    await eventually(is_caught_up)


async def test_peek_and_backlog_see_every_partition(buses: Buses, bus: MessageBus) -> None:
    keys = [f"event:{number}" for number in range(12)]
    await bus.publish(buses.commands, [Message(key, b"-") for key in keys])
    assert await bus.backlog(buses.commands, buses.group) == 12
    peeked = await bus.peek(buses.commands, buses.group, 100)
    assert sorted(each.key for each in peeked) == sorted(keys)


async def test_looking_while_a_member_consumes_does_not_disturb_it(
    buses: Buses, bus: MessageBus
) -> None:
    received = Received()
    async with consuming(bus, buses.commands, buses.group, received):
        await bus.publish(buses.commands, numbered("a", 1))
        await received.count_reaches(1)
        await bus.peek(buses.commands, buses.group, 10)
        await bus.backlog(buses.commands, buses.group)
        await bus.publish(buses.commands, numbered("a", 1, first=1))
        # Sooner than Kafka would find that a member is silent.
        await received.count_reaches(2, timeout_seconds=5)
    assert received.values_of("a") == [0, 1]


async def test_topics_can_be_ensured_again_without_losing_anything(
    buses: Buses, bus: MessageBus
) -> None:
    await bus.publish(buses.commands, numbered("a", 2))
    await buses.another().ensure_topics()
    assert await bus.backlog(buses.commands, buses.group) == 2


async def test_a_message_too_large_for_a_broker_is_refused_with_its_whole_call(
    buses: Buses, bus: MessageBus
) -> None:
    too_large = Message("a", bytes(MESSAGE_SIZE_BYTES_MAX))
    with pytest.raises(ValueError, match="over the limit"):
        await bus.publish(buses.commands, [*numbered("a", 1), too_large])
    assert await bus.backlog(buses.commands, buses.group) == 0
    await bus.publish(buses.commands, [Message("a", bytes(MESSAGE_SIZE_BYTES_MAX - 1))])
    assert await bus.backlog(buses.commands, buses.group) == 1


async def test_publishing_nothing_is_nothing(buses: Buses, bus: MessageBus) -> None:
    await bus.publish(buses.commands, [])
    assert await bus.backlog(buses.commands, buses.group) == 0


async def test_a_broker_that_is_there_passes_the_check(bus: MessageBus) -> None:
    await bus.check()


async def test_a_broker_that_is_away_is_told_within_the_bound(buses: Buses) -> None:
    bus = buses.cut_off(publish_seconds_max=1.0)
    # Sooner than by itself, on a busy machine too: after 10 s, and after 5.
    async with asyncio.timeout(8):
        with pytest.raises(UnavailableError):
            await bus.publish(buses.commands, numbered("a", 1))
    async with asyncio.timeout(4.5):
        with pytest.raises(UnavailableError):
            await bus.check()


async def test_a_consumer_waits_for_a_broker_that_is_away_until_it_is_stopped(
    buses: Buses,
) -> None:
    bus, received = buses.cut_off(publish_seconds_max=1.0), Received()
    async with consuming(bus, buses.commands, buses.group, received) as member:
        await asyncio.wait({member.task}, timeout=0.5)
        assert not member.task.done()
    assert received.batches == []
