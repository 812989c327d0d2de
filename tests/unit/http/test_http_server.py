"""What only a real server shows: uploads that nobody wants, and streams when it stops."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from onsale.service.ticketing.driving_adapter.http_controller.connection_guard import (
    ConnectionGuard,
)
from onsale.service.ticketing.driving_adapter.http_controller.edge import SECURITY_HEADERS
from onsale.service.ticketing.driving_adapter.http_controller.http_protocol import (
    ProblemHttpProtocol,
)
from tests.servers.waiting import eventually
from tests.support.http_api import HttpApi, booking_form
from tests.support.tasks import background

JSON = {"content-type": "application/json"}
STOP_SECONDS_MAX = 5.0


def fail(error: Exception) -> None:
    raise error


@asynccontextmanager
async def serving(
    api: HttpApi, guard: ConnectionGuard | None = None
) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        config = uvicorn.Config(
            api.app,
            http=ProblemHttpProtocol.guarded_by(guard or ConnectionGuard()),
            ws="none",
            lifespan="off",
            log_config=None,
        )
        server = uvicorn.Server(config)
        # The signals of the test run are not this server's.
        task = asyncio.create_task(server._serve([listener]))
        host, port = listener.getsockname()
        try:
            yield f"http://{host}:{port}", server
        finally:
            api.shutdown.set()
            server.should_exit = True
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await task


@pytest.fixture
async def url(api: HttpApi) -> AsyncIterator[str]:
    async with serving(api) as (url, _):
        yield url


@pytest.fixture
def token(buyer: httpx.AsyncClient, event: int) -> str:
    return buyer.headers["authorization"]


async def ask(url: str, head: str, body: bytes) -> bytes:
    """The answer to a request that sends its body without looking for an answer first."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("size", [1_000_001, 10_000_000])
async def test_a_client_that_sends_ten_megabytes_reads_why_not(
    url: str, token: str, size: int
) -> None:
    answer = await ask(
        url,
        "POST /api/booking HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {token}\r\nContent-Length: {size}",
        b" " * size,
    )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer


async def test_a_client_that_does_not_say_how_much_it_sends_reads_why_not(
    url: str, token: str
) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    answer = await ask(
        url,
        "POST /api/booking HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {token}\r\nTransfer-Encoding: chunked",
        chunk * 150 + b"0\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_asks_first_is_not_invited_to_send(url: str, token: str) -> None:
    answer = await ask(
        url,
        "POST /api/booking HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {token}\r\nContent-Length: 10000000\r\nExpect: 100-continue",
        b"",
    )

    assert answer.startswith(b"HTTP/1.1 413 "), answer


@pytest.mark.parametrize("garbage", ["GARBAGE", "GET / HTTP/1.1\r\nHost: a\r\nno colon", "\0\1"])
async def test_bytes_that_are_no_request_are_refused_like_everything_else(
    url: str, garbage: str
) -> None:
    answer = await ask(url, garbage, b"")

    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", maxsplit=1) for line in lines)
    assert status == "HTTP/1.1 400 Bad Request"
    assert json.loads(body)["code"] == "MALFORMED_REQUEST"
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    for name, value in SECURITY_HEADERS:
        assert headers[name.decode()] == value.decode()


async def test_a_session_that_is_missing_is_told_also_to_who_sends_much(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client:
        refused = await client.post("/api/booking", content=b" " * 10_000_000, headers=JSON)
        after = await client.get("/livez")

    assert refused.status_code == 401
    assert after.status_code == 200


async def test_the_server_stops_at_once_whoever_still_watches(
    api: HttpApi, token: str, event: int
) -> None:
    async with (
        background(api.live_bookings.run(fail), api.live_events.run(fail)),
        httpx.AsyncClient(headers={"authorization": token}) as client,
    ):
        async with serving(api) as (url, _):
            booking = await client.post(f"{url}/api/booking", json=booking_form())
            paths = (f"/api/event/{event}/sse", booking.json()["status_url"])
            streams = [
                await client.send(client.build_request("GET", url + path), stream=True)
                for path in paths
            ]
            lines = [stream.aiter_lines() for stream in streams]
            for one in lines:
                async for line in one:
                    if line.startswith("data:"):
                        break
        # The server has ended, in order: nothing was cut off in the middle.
        for one in lines:
            assert [line async for line in one if line.startswith("data:")] == []


async def test_a_viewer_who_goes_away_is_noticed(api: HttpApi, event: int) -> None:
    async with background(api.live_events.run(fail)), serving(api) as (url, _):
        async with (
            httpx.AsyncClient() as client,
            client.stream("GET", f"{url}/api/event/{event}/sse") as stream,
        ):
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    break
            assert api.live_events.viewer_count == 1
        await eventually(lambda: api.live_events.viewer_count == 0)
