"""Reads an answer while it is still being given: httpx's transport for applications waits for its
end, which a stream may not have.
"""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

WAIT_SECONDS_MAX = 10.0


class OpenStream:
    """An answer under way. ``closed`` is set once the application has ended it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.closed = asyncio.Event()
        self._started = asyncio.Event()
        self._gone = asyncio.Event()
        self._asked = False
        self._text = ""
        self._arrived = asyncio.Condition()

    def hang_up(self) -> None:
        """Go away, as a client does that is closed."""
        self._gone.set()

    async def started(self) -> None:
        """The head of the answer is here."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self._started.wait()

    async def block(self) -> str:
        """The next event or comment, without the empty line after it."""
        async with asyncio.timeout(WAIT_SECONDS_MAX), self._arrived:
            await self._arrived.wait_for(lambda: "\n\n" in self._text)
            block, _, self._text = self._text.partition("\n\n")
            return block

    async def event(self) -> tuple[str, Any]:
        """The next event: its name and data. Comments and hints are passed over."""
        while True:
            block = await self.block()
            if block.startswith("event: "):
                name, data = block.split("\n")
                return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def ended(self) -> None:
        """The application has ended the answer."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self.closed.wait()

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
            return
        async with self._arrived:
            self._text += message["body"].decode()
            self._arrived.notify_all()
        if not message.get("more_body", False):
            self.closed.set()


@asynccontextmanager
async def open_stream(
    app: FastAPI, path: str, token: str | None = None, method: str = "GET"
) -> AsyncIterator[OpenStream]:
    """Ask for ``path``; the client hangs up at the end of the block."""
    stream = OpenStream()
    # Whoever follows could read gzip, as browsers can.
    headers = [(b"host", b"127.0.0.1"), (b"accept-encoding", b"gzip")]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    task = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        await stream.started()
        yield stream
    finally:
        stream.hang_up()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await task
