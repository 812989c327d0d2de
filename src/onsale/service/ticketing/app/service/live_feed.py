"""Live views of bookings and events: one connection to the store, however many viewers.

A notice only wakes: what viewers get is always read from the ledger and the seat store, once for
all viewers of the same thing. Views are read again after a lost connection and every few seconds,
so a lost notice costs seconds, not the truth.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticeSource, LiveNotice

RESYNC_SECONDS = 5.0
EVENT_INTERVAL_SECONDS = 0.25
RECONNECT_SECONDS = 0.5
READ_COUNT_MAX = 500
VIEWER_COUNT_MAX = 20_000

Key = TypeVar("Key", UUID, int)
View = TypeVar("View")
Reader = Callable[[Collection[Key]], Awaitable[Mapping[Key, View]]]


@dataclass(slots=True)
class _Topic(Generic[View]):
    """One thing that is watched; ``version`` counts the changes seen."""

    view: View | None = None
    version: int = 0
    viewer_count: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self.version += 1
            self.changed.set()
            self.changed = asyncio.Event()


class LiveTopics(Generic[Key, View]):
    """Everything of one kind that somebody of this process watches."""

    def __init__(self, read: Reader[Key, View], interval_seconds: float) -> None:
        """``read`` gives views by key; reads of one kind are ``interval_seconds`` apart."""
        self._read: Reader[Key, View] = read
        self._interval_seconds = interval_seconds
        self._topics: dict[Key, _Topic[View]] = {}
        self._dirty: set[Key] = set()
        self._wake = asyncio.Event()
        self.viewer_count = 0

    @asynccontextmanager
    async def watch(self, key: Key) -> AsyncIterator["Watch[View]"]:
        """Follow one thing; the first view is not older than this call."""
        if self.viewer_count >= VIEWER_COUNT_MAX:
            raise UnavailableError("live-feed", "too many viewers")
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = _Topic()
            self.touch([key])
        topic.viewer_count += 1
        self.viewer_count += 1
        try:
            yield Watch(topic)
        finally:
            topic.viewer_count -= 1
            self.viewer_count -= 1
            if topic.viewer_count == 0:
                del self._topics[key]
                self._dirty.discard(key)

    def touch(self, keys: Collection[Key]) -> None:
        """These have changed: read them anew, if anybody watches them."""
        watched = self._topics.keys() & set(keys)
        if watched:
            self._dirty |= watched
            self._wake.set()

    def touch_all(self) -> None:
        """Anything may have changed."""
        self.touch(self._topics.keys())

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Read what has changed, until cancelled; what could not be read stays to be read."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._read_dirty()
            except Exception as error:  # noqa: BLE001 - reported, and read again after a pause
                on_error(error)
                await asyncio.sleep(RECONNECT_SECONDS)
            if self._dirty:
                self._wake.set()
            await asyncio.sleep(self._interval_seconds)

    async def _read_dirty(self) -> None:
        keys = [key for key, _ in zip(self._dirty, range(READ_COUNT_MAX), strict=False)]
        self._dirty.difference_update(keys)
        try:
            views = await self._read(keys)
        except Exception:
            self._dirty.update(self._topics.keys() & set(keys))
            raise
        for key, view in views.items():
            topic = self._topics.get(key)
            if topic is not None:
                topic.put(view)


class Watch(Generic[View]):
    """A viewer's place in a topic. A slow viewer gets the latest view, not every one before it."""

    def __init__(self, topic: _Topic[View]) -> None:
        self._topic = topic
        self._seen_version = 0

    async def next(self, timeout_seconds: float) -> View | None:
        """The latest view that this viewer has not had, or ``None`` if none came in time."""
        topic = self._topic
        if topic.version == self._seen_version:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await topic.changed.wait()
            except TimeoutError:
                return None
        self._seen_version = topic.version
        return topic.view


class LiveFeed:
    """Joins the notices of all processes with the views of this one."""

    def __init__(
        self,
        source: ILiveNoticeSource,
        bookings: LiveTopics[UUID, Any],
        events: LiveTopics[int, Any],
        on_altered_event: Callable[[int], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        """``on_altered_event`` hears of events whose description changed; ``on_error`` of faults
        that were survived.
        """
        self._source = source
        self._bookings = bookings
        self._events = events
        self._on_altered_event = on_altered_event
        self._on_error = on_error

    async def run(self) -> None:
        """Serve every viewer of this process until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._bookings.run(self._on_error))
            tasks.create_task(self._events.run(self._on_error))
            tasks.create_task(self._resync())
            tasks.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                async with self._source.subscribe() as notices:
                    self._touch_all()
                    async for notice in notices:
                        self._pass_on(notice)
            except UnavailableError as error:
                self._on_error(error)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _resync(self) -> None:
        while True:
            await asyncio.sleep(RESYNC_SECONDS)
            self._touch_all()

    def _touch_all(self) -> None:
        self._bookings.touch_all()
        self._events.touch_all()

    def _pass_on(self, notice: LiveNotice) -> None:
        for event_id in notice.altered_events:
            self._on_altered_event(event_id)
        self._bookings.touch(notice.bookings)
        self._events.touch(notice.events | notice.altered_events)
