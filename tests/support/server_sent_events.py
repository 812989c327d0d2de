"""Server-sent events as a client reads them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name and its data, decoded."""

    name: str
    data: dict[str, Any]


@dataclass(slots=True)
class EventStream:
    """The events of one answer, in order; heartbeats are left out."""

    response: httpx.Response
    lines: AsyncIterator[str]
    seen: list[ServerEvent] = field(default_factory=list)

    async def next(self, *, seconds_max: float = 15.0) -> ServerEvent | None:
        """The next event; ``None`` once the server has closed the stream.

        Raises:
            TimeoutError: neither came in time.
        """
        name, data = "", ""
        async with asyncio.timeout(seconds_max):
            async for line in self.lines:
                field_name, _, value = line.partition(":")
                if field_name == "event":
                    name = value.strip()
                elif field_name == "data":
                    data += value
                elif not line and data:
                    event = ServerEvent(name, json.loads(data))
                    self.seen.append(event)
                    return event
        return None

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
