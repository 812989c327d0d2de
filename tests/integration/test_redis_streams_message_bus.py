"""What Redis Streams alone must show: fencing, bounded memory, fair shares, reconnection."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, ReceivedMessage
from onsale.platform.message_queue.redis_streams_consumer import StreamsMember
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from tests.servers.waiting import eventually
from tests.support.message_buses import Received, consume_all, consuming, numbered

TOPICS = KafkaTopicBuilder("streams")
COMMANDS, GROUP = TOPICS.seat_commands(), TOPICS.seat_reservation_group()
LEASE_SECONDS = 1.0
# Kept on a busy machine too: a batch that is repeated for a lost lease is no matter of most tests.
PATIENT_LEASE_SECONDS = 15.0
KEYS = [f"event:{number}" for number in range(12)]


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[RedisStreamsMessageBus]:
    bus = open_bus(redis_url)
    await bus.ensure_topics()
    yield bus
    await bus.close()


@pytest.fixture
async def patient_bus(redis_url: str) -> AsyncIterator[RedisStreamsMessageBus]:
    bus = open_bus(redis_url, lease_seconds=PATIENT_LEASE_SECONDS)
    await bus.ensure_topics()
    yield bus
    await bus.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, protocol=2) as client:
        yield client


def open_bus(
    redis_url: str, *, backlog_count_max: int = 100_000, lease_seconds: float = LEASE_SECONDS
) -> RedisStreamsMessageBus:
    return RedisStreamsMessageBus(
        redis_url,
        TOPICS,
        4,
        lease_seconds=lease_seconds,
        backlog_count_max=backlog_count_max,
        publish_seconds_max=2.0,
    )


class Sleeper:
    """A handler that returns only when the test says so, in a member that renews no lease."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.received = Received()

    async def __call__(self, batch: Sequence[ReceivedMessage]) -> None:
        await self.received(batch)
        self.begun.set()
        await self.may_end.wait()


async def _never_renew(_member: StreamsMember) -> None:
    """As if the process were frozen."""
    await asyncio.Event().wait()


async def offset_of(redis: Redis, partition: int) -> int:
    key = StreamsLayout(COMMANDS, 4).offsets(GROUP)
    return int(await redis.hget(key, str(partition)) or 0)


async def _sleep_past_the_lease(
    bus: RedisStreamsMessageBus, redis: Redis, other: RedisStreamsMessageBus
) -> tuple[int, int]:
    """The offset that the new holder has reached, and the one after the sleeper's late commit."""
    sleeper, waker = Sleeper(), Received()
    await bus.publish(COMMANDS, numbered("a", 2))
    async with consuming(bus, COMMANDS, GROUP, sleeper) as member:
        await asyncio.wait_for(sleeper.begun.wait(), 10)
        async with consuming(other, COMMANDS, GROUP, waker):
            await other.publish(COMMANDS, numbered("a", 3, first=2))
            await waker.count_reaches(5)
            assert waker.values_of("a") == [0, 1, 2, 3, 4]
            partition = waker.messages[0].partition

            async def reached() -> bool:
                return await offset_of(redis, partition) == 5

            await eventually(reached)
            sleeper.may_end.set()
            await member.leave()
            return 5, await offset_of(redis, partition)


async def test_a_member_that_slept_past_its_lease_cannot_commit(
    bus: RedisStreamsMessageBus,
    redis: Redis,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StreamsMember, "_renew", _never_renew)
    other = open_bus(redis_url)
    reached, after = await _sleep_past_the_lease(bus, redis, other)
    await other.close()
    assert after == reached


async def test_control_without_the_fence_a_late_commit_sets_the_offset_back(
    bus: RedisStreamsMessageBus,
    redis: Redis,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StreamsMember, "_renew", _never_renew)
    script = bus._client._scripts["commit"]
    unguarded = script.replace("redis.call('GET', KEYS[index]) ~= token", "false")
    unguarded = unguarded.replace("tonumber(position) > tonumber(", "true or (")
    assert unguarded.count("true or (") == 1
    bus._client._scripts["commit"] = unguarded
    other = open_bus(redis_url)
    reached, after = await _sleep_past_the_lease(bus, redis, other)
    await other.close()
    assert after == 2 < reached


async def test_a_lease_is_renewed_while_a_batch_is_in_hand(redis_url: str) -> None:
    lease_seconds = 2.5 * LEASE_SECONDS
    bus, other = [open_bus(redis_url, lease_seconds=lease_seconds) for _ in range(2)]
    await bus.ensure_topics()
    sleeper, idle = Sleeper(), Received()
    await bus.publish(COMMANDS, numbered("a", 2))
    async with consuming(bus, COMMANDS, GROUP, sleeper):
        await asyncio.wait_for(sleeper.begun.wait(), 10)
        async with consuming(other, COMMANDS, GROUP, idle) as member:
            await asyncio.wait({member.task}, timeout=1.5 * lease_seconds)
        sleeper.may_end.set()
    assert idle.values == []
    assert await bus.backlog(COMMANDS, GROUP) == 0
    for each in (bus, other):
        await each.close()


async def test_the_shares_of_three_members_add_up_to_the_whole(
    bus: RedisStreamsMessageBus, redis: Redis
) -> None:
    layout = StreamsLayout(COMMANDS, 4)

    async def shares() -> list[int]:
        owners = [owner for owner in await redis.mget(layout.leases(GROUP)) if owner]
        return sorted(owners.count(owner) for owner in set(owners))

    async def are_fair() -> bool:
        return await shares() == [1, 1, 2]

    async def are_whole() -> bool:
        return await shares() == [4]

    received = Received()
    async with consuming(bus, COMMANDS, GROUP, received):
        async with (
            consuming(bus, COMMANDS, GROUP, received),
            consuming(bus, COMMANDS, GROUP, received),
        ):
            await eventually(are_fair)
        await eventually(are_whole)
    assert await shares() == []


async def stream_lengths(redis: Redis, topic: str, partition_count: int) -> int:
    layout = StreamsLayout(topic, partition_count)
    return sum([await redis.xlen(layout.stream(index)) for index in range(partition_count)])


async def test_what_every_group_has_consumed_is_trimmed(
    patient_bus: RedisStreamsMessageBus, redis: Redis
) -> None:
    received = Received()
    async with consuming(patient_bus, COMMANDS, GROUP, received):
        for first in range(0, 10_000, 500):
            await patient_bus.publish(COMMANDS, numbered("a", 500, first=first))
        await received.count_reaches(10_000)

        async def are_gone() -> bool:
            # Trimming drops whole nodes of a stream, of about a hundred entries.
            return await stream_lengths(redis, COMMANDS, 4) < 200

        await eventually(are_gone)
    assert received.values_of("a") == list(range(10_000))


async def test_what_one_group_has_yet_to_consume_is_kept_for_it(
    patient_bus: RedisStreamsMessageBus, redis: Redis
) -> None:
    # The seat-reservation group is known from the start, though it never came.
    await patient_bus.publish(COMMANDS, numbered("a", 2_000))
    quick = Received()
    async with consuming(patient_bus, COMMANDS, "quick", quick):
        await quick.count_reaches(2_000)
        await patient_bus.publish(COMMANDS, numbered("a", 1, first=2_000))
        await quick.count_reaches(2_001)
    assert await stream_lengths(redis, COMMANDS, 4) == 2_001
    late = await consume_all(patient_bus, COMMANDS, GROUP, 2_001)
    assert late.values_of("a") == list(range(2_001))


async def test_dead_letters_stay_until_they_are_redriven(
    bus: RedisStreamsMessageBus, redis: Redis
) -> None:
    letters = TOPICS.dead_letters()
    await bus.publish(letters, numbered("a", 500))
    await consume_all(bus, letters, "a-curious-group", 500)
    assert await stream_lengths(redis, letters, 1) == 500
    assert len(await bus.peek(letters, TOPICS.dead_letter_group(), 1_000)) == 500


async def test_a_full_partition_refuses_and_the_others_take(redis_url: str) -> None:
    bus = open_bus(redis_url, backlog_count_max=1_000)
    await bus.ensure_topics()
    layout = StreamsLayout(COMMANDS, 4)
    full, free = (
        "event:0",
        next(key for key in KEYS if layout.partition_of(key) != layout.partition_of("event:0")),
    )
    await bus.publish(COMMANDS, numbered(full, 1_000))
    outcomes = await asyncio.gather(
        bus.publish(COMMANDS, numbered(full, 1)),
        bus.publish(COMMANDS, numbered(free, 1)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], UnavailableError)
    assert outcomes[1] is None
    assert await bus.backlog(COMMANDS, GROUP) == 1_001

    received = Received()
    async with consuming(bus, COMMANDS, GROUP, received):
        await received.count_reaches(1_001)

        async def takes_again() -> bool:
            try:
                await bus.publish(COMMANDS, numbered(full, 1))
            except UnavailableError:
                return False
            return True

        await eventually(takes_again)
    await bus.close()


async def test_a_call_is_taken_whole_or_not_at_all(redis_url: str) -> None:
    bus = open_bus(redis_url, backlog_count_max=10)
    await bus.publish(COMMANDS, numbered("event:0", 10))
    with pytest.raises(UnavailableError):
        await bus.publish(COMMANDS, [Message(key, b"-") for key in KEYS])
    assert await bus.backlog(COMMANDS, GROUP) == 10
    await bus.close()


async def test_a_topic_keeps_the_partitions_it_was_made_with(
    bus: RedisStreamsMessageBus, redis_url: str
) -> None:
    await bus.publish(COMMANDS, numbered("a", 2))
    other = RedisStreamsMessageBus(redis_url, TOPICS, 16, lease_seconds=LEASE_SECONDS)
    await other.ensure_topics()
    await other.publish(COMMANDS, numbered("a", 2, first=2))
    received = await consume_all(other, COMMANDS, GROUP, 4)
    assert received.values_of("a") == [0, 1, 2, 3]
    assert len(received.partitions) == 1
    await other.close()


async def test_scripts_that_the_server_forgot_are_sent_again(
    patient_bus: RedisStreamsMessageBus, redis: Redis
) -> None:
    received = Received()
    async with consuming(patient_bus, COMMANDS, GROUP, received):
        for first in range(0, 9, 3):
            await patient_bus.publish(COMMANDS, numbered("a", 3, first=first))
            await received.count_reaches(first + 3)
            await redis.script_flush()
    assert received.values_of("a") == list(range(9))
