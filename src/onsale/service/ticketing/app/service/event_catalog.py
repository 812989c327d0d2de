"""What the API remembers of events, so that a booking asks the database nothing about them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_event_repository import IEventQueryRepository
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import EventNotFoundError

FRESH_SECONDS = 1.0
REFRESH_SECONDS = 0.4
# Whatever is asked for less often is looked at when it is.
WANTED_SECONDS = 1.0
READ_COUNT_MAX = 100
EVENT_COUNT_MAX = 20_000
SUBSECTION_COUNT_MAX = 200_000


@dataclass(slots=True)
class _Entry:
    event: Event
    read_at: float
    wanted_at: float


class EventCatalog:
    """Events by id, at most a second old; requests that miss together share one read, also when
    they ask for different ones: with ten thousand on sale, hardly any two bookings of a second are
    of the same.

    Those that are asked for all the time are looked at together, a few times a second. An event is
    read anew only where its version is another one.

    It may be a second behind, so it never decides alone: the intake checks on-sale state in its
    own statement, and a command under an old epoch is answered as stale and sent again.
    """

    def __init__(self, events: IEventQueryRepository, monotonic: Callable[[], float]) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._events = events
        self._monotonic = monotonic
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        # What is being read or waits for it; of these, what waits; and who reads.
        self._reads: dict[int, asyncio.Future[Event | None]] = {}
        self._missed: dict[int, asyncio.Future[Event | None]] = {}
        self._reader: asyncio.Task[None] | None = None
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
        began_before = event_id in self._reads and event_id not in self._missed
        event = await asyncio.shield(self._begin_to_read(event_id))
        if event is None and began_before:
            # Since then the event may have been made.
            event = await asyncio.shield(self._begin_to_read(event_id))
        if event is None:
            raise EventNotFoundError
        return event

    def forget(self, event_id: int) -> None:
        """Read the event anew the next time, also if a read of it is under way."""
        self._drop(event_id)
        if event_id not in self._missed:
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
            self._subsection_count -= entry.event.details.seating_config.weight

    def _begin_to_read(self, event_id: int) -> asyncio.Future[Event | None]:
        """Join the read of it, or put it down for the next one."""
        read = self._reads.get(event_id)
        if read is None:
            read = asyncio.get_running_loop().create_future()
            self._reads[event_id] = self._missed[event_id] = read
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read_missed())
        return read

    async def _read_missed(self) -> None:
        """Read in batches until nobody waits; what is missed meanwhile gathers for the next."""
        while self._missed:
            batch = dict(islice(self._missed.items(), READ_COUNT_MAX))
            for event_id in batch:
                del self._missed[event_id]
            try:
                events = await self._read(batch)
            except Exception as error:  # noqa: BLE001 - raised to each of those who wait
                _fail(batch.values(), error)
            except BaseException:
                # Cancelled, from outside or within: nobody is left to read what else was missed,
                # and whoever asks next shall not wait for it.
                _fail([*batch.values(), *self._missed.values()], UnavailableError("postgresql"))
                self._missed.clear()
                self._reads.clear()
                raise
            else:
                for event_id, read in batch.items():
                    read.set_result(events.get(event_id))
            for event_id, read in batch.items():
                if self._reads.get(event_id) is read:
                    del self._reads[event_id]

    async def _read(self, batch: Mapping[int, asyncio.Future[Event | None]]) -> dict[int, Event]:
        read_at = self._monotonic()
        events = await self._unchanged(batch, read_at)
        others = [event_id for event_id in batch if event_id not in events]
        if others:
            found = await self._events.by_ids(others)
            for event_id, event in found.items():
                if self._reads.get(event_id) is batch[event_id]:
                    self._remember(event, read_at)
            events.update(found)
        return events

    async def _unchanged(self, event_ids: Iterable[int], read_at: float) -> dict[int, Event]:
        """Those that were known and still are what they were."""
        known = {each: self._entries[each] for each in event_ids if each in self._entries}
        versions = await self._events.versions(known) if known else {}
        unchanged: dict[int, Event] = {}
        for event_id, entry in known.items():
            if versions.get(event_id) == entry.event.version:
                entry.read_at = read_at
                unchanged[event_id] = entry.event
        return unchanged

    def _remember(self, event: Event, read_at: float) -> None:
        self._drop(event.id)
        self._entries[event.id] = _Entry(event, read_at, wanted_at=read_at)
        self._subsection_count += event.details.seating_config.weight
        while len(self._entries) > EVENT_COUNT_MAX or self._subsection_count > SUBSECTION_COUNT_MAX:
            self._drop(next(iter(self._entries)))


def _fail(reads: Iterable[asyncio.Future[Event | None]], error: Exception) -> None:
    for read in reads:
        read.set_exception(error)
        read.exception()  # so that it is never unseen: all who asked may have gone
