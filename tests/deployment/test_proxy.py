"""The proxy of the compose file, run for real: streams, addresses, a process that is gone."""

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from onsale.platform.embedded.ports import free_port
from onsale.service.ticketing.driving_adapter.http_controller.sse import HEARTBEAT_SECONDS
from tests.servers.waiting import eventually
from tests.support.deployment import PROJECT, run_tool

CONFIGURATION = PROJECT / "deploy" / "proxy" / "haproxy.cfg"
START_SECONDS_MAX = 20.0
ANSWER_SECONDS_MAX = 5.0
_POLL_SECONDS = 0.05
# One that is refused twice is sent nothing; besides those that waited for the proxy.
HEALTH_CHECKS_SEEN = 6


@asynccontextmanager
async def _proxy(folder: Path, *api_ports: int) -> AsyncIterator[str]:
    """The proxy in front of these, found by port in place of the engine's name server; its URL."""
    port = free_port()
    servers = "\n".join(f"    server api{each} 127.0.0.1:{each}" for each in api_ports)
    text = CONFIGURATION.read_text()
    (template,) = (line for line in text.splitlines() if "server-template" in line)
    for written, here in (
        (template, servers),
        ("bind :8080", f"bind 127.0.0.1:{port}"),
        # As many files as this process may open.
        ("    maxconn 20000", "    maxconn 200"),
    ):
        assert text.count(written) == 1
        text = text.replace(written, here)
    (folder / "haproxy.cfg").write_text(text)
    assert shutil.which("haproxy"), "make deploy-tools"
    process = await asyncio.create_subprocess_exec(
        *("haproxy", "-db", "-f", folder / "haproxy.cfg"),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_it_serves(url)
        yield url
    finally:
        process.kill()
        await process.wait()


async def _until_it_serves(url: str) -> None:
    async with asyncio.timeout(START_SECONDS_MAX), httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"{url}/livez")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(_POLL_SECONDS)


class _Upstream:
    """Stands in for an API: tells what it was sent, and streams one line at each ``go``."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.go = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if head.startswith("GET /readyz"):
            # A store is away; what needs none is served on.
            writer.write(b"HTTP/1.1 503 Not now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        if head.startswith("POST /breaks"):
            writer.close()
            return
        if head.startswith("GET /sse"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for number in (b"1", b"2"):
                await self.go.wait()
                self.go.clear()
                writer.write(b"data: " + number + b"\n\n")
                await writer.drain()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()


@asynccontextmanager
async def _served(upstream: _Upstream) -> AsyncIterator[int]:
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[_Upstream, int]]:
    stand_in = _Upstream()
    async with _served(stand_in) as port:
        yield stand_in, port


def test_haproxy_accepts_the_configuration_as_it_is() -> None:
    run = run_tool("haproxy", "-c", "-f", CONFIGURATION)
    assert run.returncode == 0, run.stdout + run.stderr


def test_without_docker_it_is_what_the_document_makes_of_it(tmp_path: Path) -> None:
    made = tmp_path / "haproxy.cfg"
    text = (PROJECT / "docs" / "deploy.md").read_text()
    (command,) = re.findall(
        r"^(sed .*?) > /etc/haproxy/haproxy.cfg$", text, re.MULTILINE | re.DOTALL
    )
    run = run_tool("bash", "-c", f'{command} > "{made}" && haproxy -c -f "{made}"')
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.findall(r"^    server(?:-template)? .*", made.read_text(), re.MULTILINE) == [
        "    server api1 127.0.0.1:8001",
        "    server api2 127.0.0.1:8002",
    ]
    assert "docker" not in made.read_text()
    assert "    user haproxy\n" in made.read_text()


async def test_each_event_of_a_stream_passes_when_it_is_sent(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    stand_in, port = upstream
    async with (
        _proxy(tmp_path, port) as url,
        httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client,
        client.stream("GET", f"{url}/sse") as response,
    ):
        lines = response.aiter_lines()
        # The second is only sent once the first was seen.
        for number in ("1", "2"):
            stand_in.go.set()
            assert [await anext(lines), await anext(lines)] == [f"data: {number}", ""]


async def test_a_client_cannot_say_where_it_comes_from(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    stand_in, port = upstream
    async with (
        _proxy(tmp_path, port) as url,
        httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client,
    ):
        claim = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        answer = await client.get(f"{url}/api/event", headers=claim)
    assert answer.status_code == 200
    (head,) = (each for each in stand_in.heads if each.startswith("GET /api/event"))
    told = [line for line in head.lower().splitlines() if line.startswith("x-forwarded-")]
    assert sorted(told) == ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http"]


def test_a_stream_may_be_silent_for_longer_than_it_ever_is() -> None:
    for side in ("client", "server"):
        ((number, unit),) = re.findall(
            rf"^    timeout {side} (\d+)(s|m)$", CONFIGURATION.read_text(), re.MULTILINE
        )
        seconds = int(number) * {"s": 1, "m": 60}[unit]
        assert seconds > 2 * HEARTBEAT_SECONDS, side


async def test_an_api_that_is_alive_and_not_ready_is_sent_requests(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    stand_in, port = upstream

    async def was_asked_again() -> bool:
        asked = [head.split()[1] for head in stand_in.heads]
        return asked.count("/livez") + asked.count("/readyz") >= HEALTH_CHECKS_SEEN

    async with _proxy(tmp_path, port) as url, httpx.AsyncClient() as client:
        await eventually(was_asked_again, timeout_seconds=START_SECONDS_MAX)
        assert (await client.get(f"{url}/api/event")).status_code == httpx.codes.OK


async def test_what_was_sent_and_not_answered_is_not_sent_again(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    stand_in, port = upstream
    async with _proxy(tmp_path, port) as url:
        answer = await _status_line(int(url.rpartition(":")[2]), "/breaks", "POST", "{}")
    assert " 502 " in answer
    assert sum(head.startswith("POST /breaks") for head in stand_in.heads) == 1


async def _status_line(port: int, target: str, method: str = "GET", body: str = "") -> str:
    """What is answered to this target, sent as it is and in one piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    try:
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: onsale\r\n{length}\r\n{body}".encode())
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return (await reader.readline()).decode()
    finally:
        writer.close()


async def test_metrics_are_not_public_however_they_are_asked_for(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    stand_in, port = upstream
    async with _proxy(tmp_path, port) as url:
        proxy = int(url.rpartition(":")[2])
        assert " 200 " in await _status_line(proxy, "/api/event")
        for target in (
            "/metrics",
            "/metrics?x=1",
            "/%6detrics",
            "/%6D%65trics",
            "/%6detrics?x=%2f",
            "http://onsale/metrics",
            "http://onsale/%6detrics",
        ):
            assert " 404 " in await _status_line(proxy, target), target
    asked = [head.split()[1] for head in stand_in.heads]
    assert not [target for target in asked if target.endswith("trics")]


async def test_what_a_process_that_is_gone_has_not_heard_another_answers(
    upstream: tuple[_Upstream, int], tmp_path: Path
) -> None:
    _, port = upstream
    async with (
        _proxy(tmp_path, port, free_port()) as url,
        httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client,
    ):
        answers = [await client.post(f"{url}/api/booking", content=b"{}") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
