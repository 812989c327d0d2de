"""Server-sent events as a client reads them."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from onsale.client.server_sent_events import EventParser


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name and its data, decoded."""

    name: str
    data: dict[str, Any]


@dataclass(slots=True)
class EventStream:
    """The events of one answer, in order; heartbeats are left out."""

    response: httpx.Response
    chunks: AsyncIterator[bytes]
    seen: list[ServerEvent] = field(default_factory=list)
    _parser: EventParser = field(default_factory=EventParser)
    _parsed: deque[ServerEvent] = field(default_factory=deque)

    async def next(self, *, seconds_max: float = 15.0) -> ServerEvent | None:
        """The next event; ``None`` once the server has closed the stream.

        Raises:
            TimeoutError: neither came in time.
        """
        async with asyncio.timeout(seconds_max):
            while not self._parsed:
                chunk = await anext(self.chunks, b"")
                if not chunk:
                    return None
                self._parsed.extend(
                    ServerEvent(each.name, json.loads(each.data))
                    for each in self._parser.feed(chunk)
                )
        self.seen.append(self._parsed[0])
        return self._parsed.popleft()

    async def rest(self, *, seconds_max: float = 15.0) -> list[ServerEvent]:
        """Every further event until the server closes the stream."""
        events = []
        async with asyncio.timeout(seconds_max):
            while (event := await self.next()) is not None:
                events.append(event)
        return events

    async def until(self, key: str, value: object, *, seconds_max: float = 15.0) -> ServerEvent:
        """The first event from here on whose data has this value."""
        async with asyncio.timeout(seconds_max):
            while (event := await self.next()) is not None:
                if event.data[key] == value:
                    return event
        raise AssertionError(f"the stream ended without {key} {value}: {self.seen}")
