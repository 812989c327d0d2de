"""A receiver of webhooks, as somebody else would write one, with the habits that a test wants."""

import asyncio
import hmac
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from types import TracebackType
from typing import Self

HEAD_BYTES_MAX = 65_536
BODY_BYTES_MAX = 1_000_000
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it came; ``at`` is the monotonic clock's time, header names are lower case."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of its signatures is good."""
        key = b64decode(secret.removeprefix(_PREFIX))
        told = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        good = b64encode(hmac.digest(key, told + self.body, sha256)).decode()
        signatures = self.headers["webhook-signature"].split()
        return any(hmac.compare_digest(f"v1,{good}", signature) for signature in signatures)


@dataclass(frozen=True, slots=True)
class Answer:
    """``wait_seconds`` before it; ``None`` for a connection that is cut instead. ``withheld`` bytes
    of the body are promised and never come; ``trailing`` comes unasked after it.
    """

    status: int | None = 200
    wait_seconds: float = 0.0
    headers: str = ""
    body: bytes = b""
    repeat_body: int = 1
    withheld: int = 0
    trailing: bytes = b""


WELL = Answer()


@dataclass(slots=True)
class Receiver:
    """Listens while it is entered. ``answer`` decides what each request gets; ``tls`` makes it
    speak https. ``body_count`` counts how often the body of an answer could be sent.
    """

    answer: Callable[[Post], Answer] = lambda _post: WELL
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    posts: list[Post] = field(default_factory=list)
    connection_count: int = 0
    body_count: int = 0
    under_way: int = 0
    under_way_max: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, at the same port as before if there was one."""
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, ssl=self.tls, limit=HEAD_BYTES_MAX
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Be away: nobody listens, and what was open is cut."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    def url(self, path: str = "/hook") -> str:
        """Its address."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{path}"

    async def heard(self, count: int, *, seconds_max: float = 30.0) -> None:
        """Return once so many requests have come.

        Raises:
            TimeoutError: they did not.
        """
        async with asyncio.timeout(seconds_max), self._changed:
            await self._changed.wait_for(lambda: len(self.posts) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection_count += 1
        self._open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(await _read(reader), reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(
        self, post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with self._changed:
            self.posts.append(post)
            self._changed.notify_all()
        answer = self.answer(post)
        self.under_way += 1
        self.under_way_max = max(self.under_way, self.under_way_max)
        # Or until the other side hangs up, or this one does.
        with suppress(TimeoutError):
            async with asyncio.timeout(answer.wait_seconds):
                await reader.read(1)
        self.under_way -= 1
        if answer.status is None:
            writer.transport.abort()
            return
        length = len(answer.body) * answer.repeat_body + answer.withheld
        head = f"HTTP/1.1 {answer.status} X\r\n{answer.headers}content-length: {length}\r\n\r\n"
        writer.write(head.encode())
        for _ in range(answer.repeat_body):
            writer.write(answer.body)
            await writer.drain()
            self.body_count += 1
        writer.write(answer.trailing)
        if answer.withheld:
            await reader.read(1)


async def _read(reader: asyncio.StreamReader) -> Post:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request, *lines = head.rstrip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = min(int(headers.get("content-length", "0")), BODY_BYTES_MAX)
    body = await reader.readexactly(length)
    return Post(time.monotonic(), request.split(" ")[1], headers, body)
