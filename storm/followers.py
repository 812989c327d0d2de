"""Whoever has something streamed: the buyer of a booking, the viewer of an event."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from storm.clients import Client
from storm.final_state import FINAL
from storm.history import JsonObject

RECONNECT_SECONDS = 0.5


@dataclass(slots=True)
class Follower:
    """The buyer of a booking, who comes back to its stream until that shows the end."""

    client: Client
    booking_id: str
    _status: str | None = None
    _is_settled: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Follow to the end."""
        path = f"/api/booking/{self.booking_id}/sse"
        while self._status not in FINAL:
            await self.client.watch("follow", path, self._saw, booking_id=self.booking_id)
            if self._status not in FINAL:
                await asyncio.sleep(RECONNECT_SECONDS)
        self._is_over.set()

    async def settled(self, *, seconds_max: float) -> str | None:
        """The status once it is no longer processing; ``None`` if that takes too long."""
        return self._status if await _is_set(self._is_settled, seconds_max) else None

    async def over(self, *, seconds_max: float) -> None:
        """Return once the stream was closed at the end, or that takes too long."""
        await _is_set(self._is_over, seconds_max)

    def _saw(self, booking: JsonObject) -> None:
        self._status = booking.get("status")
        if self._status != "processing":
            self._is_settled.set()


@asynccontextmanager
async def following(client: Client, booking_id: str) -> AsyncIterator[Follower]:
    """A booking is followed within the block."""
    follower = Follower(client, booking_id)
    async with _running(follower.run()):
        yield follower


@asynccontextmanager
async def viewing(client: Client, event_ids: Iterable[int]) -> AsyncIterator[None]:
    """The counts of these events are looked at within the block."""
    async with _running(*(_view(client, event_id) for event_id in event_ids)):
        yield


async def _view(client: Client, event_id: int) -> None:
    while True:
        path = f"/api/event/{event_id}/sse"
        await client.watch("view", path, lambda _: None, event_id=event_id)
        await asyncio.sleep(RECONNECT_SECONDS)


@asynccontextmanager
async def _running(*visits: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(visit) for visit in visits]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        # An error of a visitor is one of the storm, and travels.
        if not task.cancelled():
            task.result()


async def _is_set(event: asyncio.Event, seconds_max: float) -> bool:
    try:
        async with asyncio.timeout(seconds_max):
            await event.wait()
    except TimeoutError:
        return False
    return True
