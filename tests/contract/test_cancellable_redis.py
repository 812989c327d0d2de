"""A command of the seat store can be cancelled, also in the turn in which it leaves."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import Connection

from onsale.platform.state.cancellable_connection import CancellableSending
from onsale.platform.state.redis_clients import (
    create_client,
    create_impatient_client,
    create_subscriber,
)


class _CancelsItsTask(Connection):
    """Is cancelled at the worst moment: when the command is written and nobody knows yet."""

    victim: "asyncio.Task[object] | None" = None

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        await super()._send_packed_command(command)
        if self.victim is not None:
            self.victim.cancel()


class _Cancellable(CancellableSending, _CancelsItsTask):
    pass


async def asked(connection: _CancelsItsTask) -> "asyncio.Task[object]":
    """A task that was cancelled while its command was being sent."""
    await connection.connect()  # type: ignore[no-untyped-call]

    async def ask() -> object:
        await connection.send_command("PING")
        return await connection.read_response()

    task = asyncio.create_task(ask())
    connection.victim = task
    await asyncio.wait({task}, timeout=10)
    connection.victim = None
    await connection.disconnect()
    return task


def connection_of(kind: type[_CancelsItsTask], url: str) -> _CancelsItsTask:
    kwargs = Redis.from_url(url).connection_pool.connection_kwargs
    return kind(**{**kwargs, "socket_timeout": 5.0, "protocol": 2})


@pytest.fixture
async def tcp_url() -> AsyncIterator[str]:
    """A server that answers every command; the test is about what is sent."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(4096):
            writer.write(b"+PONG\r\n" * asked.count(b"*"))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_a_command_that_is_cancelled_in_the_turn_in_which_it_leaves_is_cancelled(
    tcp_url: str,
) -> None:
    task = await asked(connection_of(_Cancellable, tcp_url))
    assert task.cancelled()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="wait_for no longer swallows it there")
async def test_the_library_alone_swallows_such_a_cancellation(tcp_url: str) -> None:
    # The control: once this fails, the library is mended, and our connections are not needed.
    task = await asked(connection_of(_CancelsItsTask, tcp_url))
    assert task.result() == b"PONG"


@pytest.mark.parametrize("create", [create_client, create_subscriber])
async def test_every_client_of_ours_has_such_connections(create: object, redis_url: str) -> None:
    assert callable(create)
    client = create(redis_url)
    assert issubclass(client.connection_pool.connection_class, CancellableSending)
    assert await client.ping()
    await client.aclose()


async def test_the_impatient_client_has_them_too(redis_url: str) -> None:
    client = create_impatient_client(redis_url, 5.0)
    assert issubclass(client.connection_pool.connection_class, CancellableSending)
    assert await client.ping()
    await client.aclose()
