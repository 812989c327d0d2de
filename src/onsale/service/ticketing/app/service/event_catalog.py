"""What the API remembers of events, so that a booking asks the database nothing about them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import IEventQueryRepository
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import EventNotFoundError

FRESH_SECONDS = 1.0
REFRESH_SECONDS = 0.4
WANTED_SECONDS = 5.0
EVENT_COUNT_MAX = 20_000
SUBSECTION_COUNT_MAX = 200_000


@dataclass(slots=True)
class _Entry:
    event: Event
    read_at: float
    wanted_at: float


class EventCatalog:
    """Events by id, at most a second old; requests that miss together share one read.

    While they are asked for, all of them are looked at together, a few times a second, and read
    anew only where their version is another one: with ten thousand events on sale, hardly any two
    bookings of a second are of the same.

    It may be a second behind, so it never decides alone: the intake checks on-sale state in its
    own statement, and a command under an old epoch is answered as stale and sent again.
    """

    def __init__(self, events: IEventQueryRepository, monotonic: Callable[[], float]) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._events = events
        self._monotonic = monotonic
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._reads: dict[int, asyncio.Task[Event | None]] = {}
        self._subsection_count = 0

    async def get(self, event_id: int) -> Event:
        """The event.

        Raises:
            EventNotFoundError: there is no such event.
        """
        entry, now = self._entries.get(event_id), self._monotonic()
        if entry is not None:
            entry.wanted_at = now
            if now - entry.read_at < FRESH_SECONDS:
                return entry.event
        read = self._reads.get(event_id)
        if read is None:
            read = asyncio.create_task(self._read(event_id))
            self._reads[event_id] = read
            read.add_done_callback(lambda task: self._read_ended(event_id, task))
        event = await asyncio.shield(read)
        if event is None:
            raise EventNotFoundError
        return event

    def forget(self, event_id: int) -> None:
        """Read the event anew the next time, also if a read of it is under way."""
        self._drop(event_id)
        self._reads.pop(event_id, None)

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Refresh until cancelled; an error ages what is known and is reported."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - reported; what is too old is read anew
                on_error(error)
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Look once at all that was asked for lately; forget what has changed."""
        read_at = self._monotonic()
        wanted = {
            event_id: entry
            for event_id, entry in self._entries.items()
            if read_at - entry.wanted_at <= WANTED_SECONDS
        }
        if not wanted:
            return
        versions = await self._events.versions(wanted)
        for event_id, entry in wanted.items():
            if self._entries.get(event_id) is not entry:
                continue  # read anew meanwhile, or forgotten
            if versions.get(event_id) == entry.event.version:
                entry.read_at = read_at
            else:
                self._drop(event_id)

    def _drop(self, event_id: int) -> None:
        entry = self._entries.pop(event_id, None)
        if entry is not None:
            self._subsection_count -= entry.event.details.seating_config.subsection_count

    async def _read(self, event_id: int) -> Event | None:
        read_at = self._monotonic()
        event = await self._events.by_id(event_id)
        if event is not None and self._reads.get(event_id) is asyncio.current_task():
            self._drop(event_id)
            self._entries[event_id] = _Entry(event, read_at, wanted_at=read_at)
            self._subsection_count += event.details.seating_config.subsection_count
            while (
                len(self._entries) > EVENT_COUNT_MAX
                or self._subsection_count > SUBSECTION_COUNT_MAX
            ):
                self._drop(next(iter(self._entries)))
        return event

    def _read_ended(self, event_id: int, task: asyncio.Task[Event | None]) -> None:
        if self._reads.get(event_id) is task:
            del self._reads[event_id]
        if not task.cancelled():
            task.exception()  # whoever awaits the task gets it; asked here so it is never unseen
