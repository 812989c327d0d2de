"""The ports to events: made and changed on one side, read on the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventStatus,
    EventTicketingAggregate,
)

EventChanges = Mapping[str, str | bool | int | datetime | None]
"""What to set of an event, by column."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; ``seller_id`` asks for a seller's own, hidden ones included."""

    status: EventStatus | None = None
    seller_id: int | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, and whether more come after them."""

    events: Sequence[Event]
    has_more: bool


class IEventCommandRepository(Protocol):
    """Writes events."""

    async def add(self, aggregate: EventTicketingAggregate) -> Event:
        """Store the event and all its tickets in one transaction, as a draft that owes a load."""
        ...

    async def change(self, event_id: int, changes: EventChanges) -> Event:
        """Set these columns of the event, which exists, and return it as it then is.

        Raises:
            EventCancelledError: it does not change any more.
        """
        ...

    async def cancel(self, event_id: int) -> Event:
        """Cancel the event, which exists, and return it; its bookings have yet to end.

        Raises:
            EventCancelledError: it was cancelled before.
        """
        ...


class IEventQueryRepository(Protocol):
    """Reads events."""

    async def by_id(self, event_id: int) -> Event | None:
        """The event, whoever may see it."""
        ...

    async def by_ids(self, event_ids: Collection[int]) -> Mapping[int, Event]:
        """These events by id, those left out that do not exist."""
        ...

    async def versions(self, event_ids: Collection[int]) -> Mapping[int, int]:
        """The versions that these events have now, those left out that are no more."""
        ...

    async def page(self, which: EventFilter, *, limit: int, before: int | None) -> EventPage:
        """Up to ``limit`` events, newest first, those with an id below ``before``; fewer, but one
        at least, where their halls have more subsections than a page may name.
        """
        ...
