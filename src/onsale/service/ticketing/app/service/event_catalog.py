"""What the API remembers of events, so that a booking asks the database nothing about them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import IEventQueryRepository
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import EventNotFoundError

FRESH_SECONDS = 1.0
EVENT_COUNT_MAX = 20_000
SUBSECTION_COUNT_MAX = 200_000


@dataclass(slots=True)
class _Entry:
    event: Event
    read_at: float


class EventCatalog:
    """Events by id, at most a second old; requests that miss together share one read.

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
        entry = self._entries.get(event_id)
        if entry is not None and self._monotonic() - entry.read_at < FRESH_SECONDS:
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

    def _drop(self, event_id: int) -> None:
        entry = self._entries.pop(event_id, None)
        if entry is not None:
            self._subsection_count -= entry.event.details.seating_config.subsection_count

    async def _read(self, event_id: int) -> Event | None:
        read_at = self._monotonic()
        event = await self._events.by_id(event_id)
        if event is not None and self._reads.get(event_id) is asyncio.current_task():
            self._drop(event_id)
            self._entries[event_id] = _Entry(event, read_at)
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
