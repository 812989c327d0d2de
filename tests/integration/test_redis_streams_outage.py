"""A bus whose connection to Redis breaks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import ReceivedMessage
from onsale.platform.message_queue.redis_streams_consumer import (
    HEARTBEATS_PER_LEASE,
    StreamsMember,
)
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
from onsale.platform.state.redis_clients import create_client
from tests.servers.waiting import eventually
from tests.support.message_buses import Received, consuming, numbered

TOPICS = KafkaTopicBuilder("streams")
COMMANDS, GROUP = TOPICS.seat_commands(), TOPICS.seat_reservation_group()
LEASE_SECONDS = 1.0


class Cable:
    """A TCP connection to a server on a Unix socket or a port, that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await self._server.wait_closed()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._connect()
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._url.scheme == "unix":
            return await asyncio.open_unix_connection(self._url.path)
        return await asyncio.open_connection(self._url.hostname, self._url.port)

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def cable_to(redis_url: str) -> AsyncIterator[Cable]:
    cable = Cable(redis_url)
    await cable.mend()
    yield cable
    await cable.cut()


async def test_after_a_lost_connection_everything_goes_on_and_nothing_is_missing(
    redis_url: str,
) -> None:
    received = Received()
    async with cable_to(redis_url) as cable:
        bus = RedisStreamsMessageBus(
            f"redis://127.0.0.1:{cable.port}/0", TOPICS, 4, lease_seconds=LEASE_SECONDS
        )
        await bus.ensure_topics()
        async with consuming(bus, COMMANDS, GROUP, received) as member:
            await bus.publish(COMMANDS, numbered("a", 3))
            await received.count_reaches(3)
            await cable.cut()
            with pytest.raises(UnavailableError):
                await bus.publish(COMMANDS, numbered("a", 1, first=3))
            with pytest.raises(UnavailableError):
                await bus.check()
            await asyncio.wait({member.task}, timeout=2 * LEASE_SECONDS)
            assert not member.task.done()
            await cable.mend()

            async def is_back() -> bool:
                try:
                    await bus.publish(COMMANDS, numbered("a", 1, first=4))
                except UnavailableError:
                    return False
                return True

            await eventually(is_back)
            await eventually(lambda: 4 in received.values_of("a"))
        await bus.close()
    first_seen = list(dict.fromkeys(received.values_of("a")))
    assert first_seen == [0, 1, 2, 4]


async def test_a_server_that_lost_everything_is_read_from_its_new_beginning(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions start again from 1: what a member had read before says nothing of them."""

    async def renew_nothing(_member: StreamsMember) -> None:
        await asyncio.Event().wait()

    # So that the next heartbeat comes between two batches.
    monkeypatch.setattr(StreamsMember, "_renew", renew_nothing)
    layout = StreamsLayout(COMMANDS, partition_count=2)
    keys = ("a", "d")
    assert {layout.partition_of(key) for key in keys} == {0, 1}
    bus = RedisStreamsMessageBus(
        redis_url, TOPICS, 2, lease_seconds=LEASE_SECONDS, batch_count_max=1
    )
    await bus.ensure_topics()
    seen: list[tuple[str, bytes]] = []
    wiped, stop = asyncio.Event(), asyncio.Event()

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        seen.extend((message.key, message.value) for message in batch)
        await wiped.wait()

    for key in keys:
        await bus.publish(COMMANDS, numbered(key, 1))
    consuming_all = asyncio.create_task(bus.consume(COMMANDS, GROUP, handle, stop=stop))
    # One message is in hand; the other was read and waits.
    await eventually(lambda: bool(seen))
    async with create_client(redis_url) as redis:
        await redis.flushall()
    for key in keys:
        await bus.publish(COMMANDS, numbered(key, 1, first=7))
    await asyncio.sleep(LEASE_SECONDS / HEARTBEATS_PER_LEASE)
    wiped.set()
    await eventually(lambda: {key for key, value in seen if value.endswith(b"7")} == set(keys))
    stop.set()
    await consuming_all
    await bus.close()
