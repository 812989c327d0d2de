"""A bus whose connection to Redis breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.redis_streams_message_bus import RedisStreamsMessageBus
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
