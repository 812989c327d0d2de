"""A server that answers what a test wants, byte by byte; one that spoils the answers of another."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
PIECES = 1_000
PIECE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its first line, its headers (names in lower case), its body."""

    line: str
    headers: dict[str, str]
    body: bytes


Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def replying(content: bytes) -> Reply:
    """Send these bytes and close."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return reply


async def falling_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the client has gone."""
    await reader.read()


def dripping(begin: bytes, piece: bytes, end: bytes) -> Reply:
    """Say ``begin``, a piece now and then for twenty seconds, and ``end``."""

    def pieces() -> Iterator[bytes]:
        yield begin
        yield from [piece] * PIECES
        yield end

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in pieces():
            if writer.is_closing():
                return
            writer.write(each)
            await writer.drain()
            await asyncio.sleep(PIECE_SECONDS)

    return reply


def http(status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> bytes:
    """An answer that ends with the connection."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "connection: close"]
    return "\r\n".join(lines).encode() + HEAD_END + body


def stream(*frames: bytes) -> bytes:
    """An answer of server-sent events that is cut off after these."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + b"".join(frames)


@dataclass(slots=True)
class HostileServer:
    """Answers each request with the next reply; the last one for good."""

    replies: Sequence[Reply]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.asked.append(await read_request(reader))
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        await reply(reader, writer)


@asynccontextmanager
async def hostile_server(
    *replies: Reply | bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HostileServer]:
    """It serves within the block."""
    server = HostileServer([each if callable(each) else replying(each) for each in replies])
    async with _serving(server.serve, tls) as server.url:
        yield server


Spoil = Callable[[bytes], bytes | None]
"""What is sent in place of an answer; ``None``: nothing, for as long as the client waits."""


@dataclass(slots=True)
class SpoilingProxy:
    """Passes every request on, and spoils the answers to what is posted to ``path`` in turn."""

    upstream: str
    path: str
    spoils: list[Spoil]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        asked = await read_request(reader)
        answer = await self._pass_on(asked)
        if asked.line.split()[:2] == ["POST", self.path]:
            self.asked.append(asked)
            if self.spoils and (spoilt := self.spoils.pop(0)(answer)) != answer:
                if spoilt is None:
                    await falling_silent(reader, writer)
                    return
                answer = spoilt
        writer.write(answer)
        await writer.drain()

    async def _pass_on(self, asked: Asked) -> bytes:
        address = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        headers = {**asked.headers, "connection": "close", "host": address.netloc}
        lines = [asked.line, *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(lines).encode() + HEAD_END + asked.body)
        answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def spoiling_proxy(upstream: str, path: str, *spoils: Spoil) -> AsyncIterator[SpoilingProxy]:
    """It serves within the block."""
    proxy = SpoilingProxy(upstream, path, list(spoils))
    async with _serving(proxy.serve) as proxy.url:
        yield proxy


@asynccontextmanager
async def _serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """The address of a server that serves each connection so; all are over at the end."""
    tasks: set[asyncio.Task[object]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(cast("asyncio.Task[object]", asyncio.current_task()))
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{'https' if tls else 'http'}://{host}:{port}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*tasks)


async def read_request(reader: asyncio.StreamReader) -> Asked:
    """One request with its body."""
    head = (await reader.readuntil(HEAD_END)).decode("latin-1")
    line, *rest = head.strip().split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(line, headers, body)
