"""Requests whose bodies come piece by piece, or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

ANSWER_SECONDS_MAX = 10


@dataclass(slots=True)
class HalfSent:
    """A request under way."""

    pieces: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    messages: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        """What the server asks for."""
        if self.pieces.empty():
            self.wanted.set()
        return await self.pieces.get()

    async def send(self, message: Message) -> None:
        """What the server answers."""
        self.messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.answered.set()

    async def is_waited_for(self) -> None:
        """Return once the server has taken all there is and waits for more."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await self.wanted.wait()

    async def give(self, piece: bytes, *, more: bool = True) -> None:
        """Send a piece; with ``more``, return once it was taken."""
        self.wanted.clear()
        self.pieces.put_nowait({"type": "http.request", "body": piece, "more_body": more})
        if more:
            await self.is_waited_for()

    def give_up(self) -> None:
        """The client goes away."""
        self.pieces.put_nowait({"type": "http.disconnect"})

    async def answer(self) -> tuple[int, Any, dict[str, str]]:
        """Status, document and headers."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await self.answered.wait()
        headers = {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}
        content = b"".join(message.get("body", b"") for message in self.messages[1:])
        return self.messages[0]["status"], json.loads(content), headers


@asynccontextmanager
async def half_sent(
    app: ASGIApp, path: str, authorization: str, *, host: str = "192.0.2.1"
) -> AsyncIterator[HalfSent]:
    """A ``POST`` of JSON whose head alone has come; on leaving, the client goes away."""
    request = HalfSent()
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "client": (host, 1),
        "headers": [
            (b"authorization", authorization.encode()),
            (b"content-type", b"application/json"),
            (b"transfer-encoding", b"chunked"),
        ],
    }
    task = asyncio.create_task(_run(app, scope, request))
    try:
        yield request
    finally:
        request.give_up()
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await task


async def _run(app: ASGIApp, scope: dict[str, Any], request: HalfSent) -> None:
    await app(scope, request.receive, request.send)
