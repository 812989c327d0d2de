"""Connections on which nothing comes, too many of them, and heads without end."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from onsale.platform.http_server import KEEP_ALIVE_SECONDS, ServerOptions, serve
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driving_adapter.http_controller import http_protocol
from onsale.service.ticketing.driving_adapter.http_controller.connection_guard import (
    ConnectionGuard,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_protocol import (
    ProblemHttpProtocol,
)
from tests.servers.waiting import eventually
from tests.support.http_api import HttpApi, event_form

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ANSWER_SECONDS_MAX = 10
SHORT_SECONDS = 0.1
MEGABYTE = 1_000_000
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def impatient(**changes: float) -> ConnectionGuard:
    return ConnectionGuard(
        **{"head_seconds_max": SHORT_SECONDS, "sweep_seconds": SHORT_SECONDS / 5, **changes}  # type: ignore[arg-type]
    )


@asynccontextmanager
async def serving(
    api: HttpApi,
    guard: ConnectionGuard,
    connection_count_max: int = 1_000,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
) -> AsyncIterator[tuple[str, int]]:
    stop = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        options = ServerOptions(
            connection_count_max=connection_count_max,
            protocol=ProblemHttpProtocol.guarded_by(guard),
            keep_alive_seconds=keep_alive_seconds,
        )
        task = asyncio.create_task(
            serve(api.app, listener, options, shutdown=asyncio.Event(), stop=stop)
        )
        try:
            yield listener.getsockname()
        finally:
            stop.set()
            await task


@asynccontextmanager
async def connected(address: tuple[str, int], first: bytes = b"") -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(first)
    try:
        yield reader, writer
    finally:
        writer.close()


async def everything(connection: Connection) -> bytes:
    """What comes until the server closes."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        return await connection[0].read()


async def answer(connection: Connection) -> bytes:
    """One answer on a connection that stays; of one with a body of 15 bytes or more, the head."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        head = await connection[0].readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await connection[0].readexactly(length)
        return head


@pytest.mark.parametrize(
    "first",
    [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"],
    ids=["silence", "half a line", "headers that do not end", "empty lines"],
)
async def test_a_connection_without_a_whole_head_is_closed(api: HttpApi, first: bytes) -> None:
    async with serving(api, impatient()) as address, connected(address, first) as connection:
        assert await everything(connection) == b""


@pytest.mark.parametrize("then", [b"GET /livez HT", b"\r\n"], ids=["half a line", "empty lines"])
async def test_nor_does_one_that_was_of_use_before_wait_for_ever(api: HttpApi, then: bytes) -> None:
    async with (
        serving(api, impatient()) as address,
        connected(address, LIVEZ) as connection,
    ):
        assert (await answer(connection)).startswith(b"HTTP/1.1 200")
        connection[1].write(then)
        assert await everything(connection) == b""


async def test_a_head_that_trickles_in_has_no_more_time(api: HttpApi) -> None:
    async with serving(api, impatient()) as address, connected(address) as connection:

        async def trickle() -> None:
            while True:
                connection[1].write(b"G")
                await asyncio.sleep(SHORT_SECONDS / 10)

        trickling = asyncio.create_task(trickle())
        try:
            assert b" 200 " not in await everything(connection)
        except ConnectionResetError:
            pass
        finally:
            trickling.cancel()


async def test_who_is_patient_leaves_them_open(api: HttpApi) -> None:
    guard = impatient(head_seconds_max=1_000)
    async with serving(api, guard) as address, connected(address) as connection:
        await asyncio.sleep(4 * SHORT_SECONDS)
        connection[1].write(LIVEZ)
        assert (await answer(connection)).startswith(b"HTTP/1.1 200")


async def test_a_request_under_way_is_let_be(api: HttpApi) -> None:
    may_go_on, entered = asyncio.Event(), asyncio.Event()

    async def slowly(*_: object, **__: object) -> dict[int, Event]:
        entered.set()
        await may_go_on.wait()
        return {}

    api.events.by_ids = slowly  # type: ignore[method-assign]
    request = b"GET /api/event/1 HTTP/1.1\r\nHost: x\r\n\r\n"
    async with (
        serving(api, impatient()) as address,
        connected(address, request + b"GET /half") as connection,
    ):
        await entered.wait()
        await asyncio.sleep(4 * SHORT_SECONDS)
        may_go_on.set()
        assert (await answer(connection)).startswith(b"HTTP/1.1 404")


async def test_a_client_has_so_many_connections(api: HttpApi) -> None:
    guard = ConnectionGuard(per_client_max=2)
    async with serving(api, guard) as address, AsyncExitStack() as stack:
        one = await stack.enter_async_context(connected(address, LIVEZ))
        other = await stack.enter_async_context(connected(address, LIVEZ))
        for connection in (one, other):
            await answer(connection)
        async with connected(address) as third:
            refused = await everything(third)
        head, _, body = refused.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        assert b"retry-after: 5" in head
        assert b"connection: close" in head
        assert json.loads(body)["code"] == "RATE_LIMITED"
        one[1].close()

        async def is_let_in() -> bool:
            async with connected(address, LIVEZ) as again:
                return (await answer(again)).startswith(b"HTTP/1.1 200")

        await eventually(is_let_in)


@pytest.mark.parametrize(
    ("per_client_max", "proxies", "host"),
    [
        (None, "", "192.0.2.1"),
        (1, "10.0.0.0/8, 192.0.2.1", "192.0.2.1"),
        (1, "2001:db8::/32", "2001:db8::7"),
        (1, "*", "192.0.2.1"),
        (1, "proxy.internal", "proxy.internal"),
        (1, "", ""),
    ],
)
def test_a_trusted_proxy_has_as_many_as_it_likes(
    per_client_max: int | None, proxies: str, host: str
) -> None:
    guard = ConnectionGuard(per_client_max, proxies)

    assert all(guard.open(host) for _ in range(100))


def test_other_clients_share_what_their_site_has() -> None:
    guard = ConnectionGuard(1, "10.0.0.0/8")

    hosts = ("192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "unix")
    assert [guard.open(host) for host in hosts] == [True, False, True, False, True, True]


async def test_a_process_has_so_many_connections(api: HttpApi) -> None:
    async with serving(api, ConnectionGuard(), connection_count_max=2) as address:
        async with connected(address), httpx.AsyncClient() as client:
            url = f"http://{address[0]}:{address[1]}/livez"
            assert (await client.get(url)).status_code == 503
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).status_code == 200


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "a request line": (b"GET /", b"a" * 1_000),
    "a header": (b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ", b"a" * 1_000),
    "the name of a header": (b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"a" * 1_000),
    "headers": (b"GET /livez HTTP/1.1\r\n", b"X: y\r\n" * 200),
    "empty lines": (b"", b"\r\n" * 500),
}


async def pour(connection: Connection, piece: bytes, bytes_max: int) -> int:
    """Send pieces until the server has had enough, or this much is sent; how much was."""
    sent = 0
    ended = asyncio.create_task(connection[0].read())
    try:
        while sent < bytes_max and not ended.done():
            connection[1].write(piece)
            await connection[1].drain()
            await asyncio.sleep(0)
            sent += len(piece)
    except ConnectionError:
        pass
    ended.cancel()
    await asyncio.wait({ended})
    return sent


@pytest.mark.parametrize("what", ENDLESS)
async def test_heads_without_end_are_not_taken(api: HttpApi, what: str) -> None:
    first, piece = ENDLESS[what]
    async with (
        serving(api, ConnectionGuard()) as address,
        connected(address, first) as connection,
    ):
        assert await pour(connection, piece, 50 * MEGABYTE) < 50 * MEGABYTE


async def test_without_the_bound_they_would_be(
    api: HttpApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_BYTES_MAX", 100 * MEGABYTE)
    first, piece = ENDLESS["a header"]
    async with (
        serving(api, ConnectionGuard()) as address,
        connected(address, first) as connection,
    ):
        assert await pour(connection, piece, 2 * MEGABYTE) == 2 * MEGABYTE


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["open", "complete"])
@pytest.mark.parametrize("before", [b"", LIVEZ], ids=["first", "second"])
async def test_a_head_that_is_too_large_is_told_so(api: HttpApi, before: bytes, end: bytes) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + end
    async with serving(api, ConnectionGuard()) as address, connected(address) as connection:
        if before:
            connection[1].write(before)
            await answer(connection)
        connection[1].write(head)
        refused = await everything(connection)

    status, _, body = refused.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"connection: close" in status
    assert b"x-content-type-options: nosniff" in status
    assert json.loads(body)["code"] == "HEADERS_TOO_LARGE"


async def test_a_head_that_is_just_large_enough_is_taken_with_what_follows(api: HttpApi) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"
    async with serving(api, ConnectionGuard()) as address, connected(address) as connection:
        connection[1].write(head * 3)
        for _ in range(3):
            assert (await answer(connection)).startswith(b"HTTP/1.1 200")


async def test_what_follows_a_body_has_an_end_as_well(api: HttpApi) -> None:
    first = (
        b"POST /api/user HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
    )
    async with (
        serving(api, ConnectionGuard()) as address,
        connected(address, first) as connection,
    ):
        assert await pour(connection, b"X: y\r\n" * 200, 50 * MEGABYTE) < 50 * MEGABYTE


async def test_a_large_body_is_no_large_head(api: HttpApi, seller: httpx.AsyncClient) -> None:
    body = json.dumps(event_form()).encode() + b" " * MEGABYTE
    headers = {**dict(seller.headers), "content-type": "application/json"}
    async with serving(api, ConnectionGuard()) as address, httpx.AsyncClient() as client:
        url = f"http://{address[0]}:{address[1]}/api/event"
        made = await client.post(url, content=body, headers=headers)

    assert made.status_code == 201, made.text


async def test_a_connection_may_be_idle_for_so_long(api: HttpApi) -> None:
    async with (
        serving(api, ConnectionGuard(), keep_alive_seconds=1) as address,
        connected(address, LIVEZ) as connection,
    ):
        assert (await everything(connection)).startswith(b"HTTP/1.1 200 ")


def test_idle_connections_are_closed_by_the_proxy_and_by_clients_first() -> None:
    proxy = Path("deploy/proxy/haproxy.cfg").read_text()
    (kept,) = re.findall(r"^\s*timeout http-keep-alive (\d+)s$", proxy, re.MULTILINE)
    assert int(kept) < KEEP_ALIVE_SECONDS
    assert (httpx.Limits().keepalive_expiry or 0) < KEEP_ALIVE_SECONDS
