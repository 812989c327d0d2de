"""The guards of messages: each has its effect, whoever dies, and half a batch is none."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from redis.asyncio import Redis

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, ReceivedMessage
from onsale.platform.message_queue.redis_streams_consumer import StreamsMember
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction
from tests.builders.seats import EPOCH, EVENT, NOW, TODAY, SeatBooking, layout, snapshot
from tests.controls.judges import lost, verified
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InMethod, InStatement
from tests.servers.waiting import eventually
from tests.support.killable_redis import KillableRedis
from tests.support.message_buses import consuming

MESSAGE_COUNT = 20
HALLS = [layout(5, 10, subsection=number) for number in range(1, 5)]


class _WorkerDiedError(Exception):
    """In the middle of a batch."""


async def a_worker_dies_in_a_batch(stage: Stage) -> list[str]:
    topics = KafkaTopicBuilder("controls")
    sent = [str(number) for number in range(MESSAGE_COUNT)]
    handled: list[str] = []

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        handled.extend(message.value.decode() for message in batch)

    async def handle_half(batch: Sequence[ReceivedMessage]) -> None:
        await handle(batch[: len(batch) // 2])
        raise _WorkerDiedError

    bus = RedisStreamsMessageBus(stage.redis_url, topics, partition_count=1)
    topic, group = topics.seat_commands(), topics.seat_reservation_group()
    await bus.ensure_topics()
    await bus.publish(topic, [Message("key", text.encode()) for text in sent])
    with suppress(_WorkerDiedError):
        await bus.consume(topic, group, handle_half, stop=asyncio.Event())

    async def nothing_is_waiting() -> bool:
        return await bus.backlog(topic, group) == 0

    async with consuming(bus, topic, group, handle):
        await eventually(nothing_is_waiting)
    await bus.close()
    return lost(sent, handled)


async def a_server_forgets_all_and_counts_from_the_beginning(stage: Stage) -> list[str]:
    """Wiped between two batches, its connections open: what comes next has the numbers again that
    the member has read up to.
    """
    topics = KafkaTopicBuilder("controls")
    sent: list[str] = []
    handled: list[str] = []

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        handled.extend(message.value.decode() for message in batch)

    async def publish(texts: Sequence[str]) -> None:
        await bus.publish(topic, [Message("key", text.encode()) for text in texts])
        sent.extend(texts)

    async def all_is_handled() -> bool:
        return not lost(sent, handled)

    async def all_is_committed() -> bool:
        return await bus.backlog(topic, group) == 0

    bus = RedisStreamsMessageBus(stage.redis_url, topics, partition_count=1, lease_seconds=1.0)
    topic, group = topics.seat_commands(), topics.seat_reservation_group()
    await bus.ensure_topics()
    async with consuming(bus, topic, group, handle):
        await publish([f"before {number}" for number in range(MESSAGE_COUNT)])
        await eventually(all_is_handled)
        await eventually(all_is_committed)
        await stage.pipeline.redis.flushall()
        await publish([f"after {number}" for number in range(MESSAGE_COUNT // 2)])
        with suppress(AssertionError):
            await eventually(all_is_handled, timeout_seconds=5)
    await bus.close()
    return lost(sent, handled)


async def a_message_is_lost(stage: Stage) -> list[str]:
    """The API died after its commit, before the broker had the command."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "1-1")
    await pipeline.commands()
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now()")
    await pipeline.resend.execute()
    await pipeline.settle()
    return await verified(pipeline, event)


async def the_seat_store_loses_power_in_a_batch(stage: Stage) -> list[str]:
    """The disk has the first part of what the batch wrote. Redis makes each script whole by itself,
    so it is the calls of one batch that come apart; on Kvrocks the writes of one script do too.
    """
    server = KillableRedis(stage.directory)
    await server.start()
    bookings = [SeatBooking(subsection=each.subsection) for each in HALLS]
    try:
        async with Redis.from_url(server.url, protocol=2) as client:
            store = RedisSeatStore(client)
            await store.install(EVENT, EPOCH, [snapshot(each) for each in HALLS])
            # The script is there, so that the batch is sent once.
            await store.apply([SeatBooking(event_id=EVENT + 1).release()], now=NOW)
            size_before = server.log_size_bytes()
            await store.apply([each.best_available() for each in bookings], now=NOW)
        server.kill()
        server.cut_log((size_before + server.log_size_bytes()) * 2 // 4)
        await server.start()
        async with Redis.from_url(server.url, protocol=2) as client:
            store = RedisSeatStore(client)
            held = [await store.holds(EVENT, "A", each.subsection, [TODAY]) for each in HALLS]
    finally:
        server.kill()
    count = sum(map(len, held))
    if count in (0, len(bookings)):
        return []
    return [f"of a batch of {len(bookings)} bookings, {count} survived the crash"]


MESSAGE_GUARDS = (
    Guard(
        "offset after effect",
        "A worker that dies in a batch leaves it to the next one.",
        (
            InMethod(
                StreamsMember,
                "run",
                "                    await handler(batch)\n"
                "                await self._attempt_commit(batch, stop)\n",
                "                    await self._attempt_commit(batch, stop)\n"
                "                await handler(batch)\n",
            ),
        ),
        a_worker_dies_in_a_batch,
    ),
    Guard(
        "what was read ahead is kept with its lease and offset alone",
        "A server that lost all it had counts from the beginning: who reads on would pass it by.",
        (
            InMethod(
                StreamsMember,
                "_hold",
                "if known is None or not is_kept or known.committed != committed:",
                "if known is None:",
            ),
        ),
        a_server_forgets_all_and_counts_from_the_beginning,
    ),
    Guard(
        "re-publisher",
        "Whatever dies after a commit, what it left owing is sent again.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "due_commands",
                "WHERE command IS NOT NULL",
                "WHERE false",
            ),
        ),
        a_message_is_lost,
    ),
    Guard(
        "MULTI/EXEC round the script",
        "Of a batch that a crash cuts short, the store keeps all or nothing.",
        (InMethod(RedisSeatStore, "_run", "transaction=True", "transaction=False"),),
        the_seat_store_loses_power_in_a_batch,
    ),
)
