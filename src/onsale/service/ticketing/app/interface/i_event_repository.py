"""The ports to events: made and changed on one side, read on the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol

from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventStatus,
    EventTicketingAggregate,
)

EventChanges = Mapping[str, str | bool | int | datetime | None]
"""What to set of an event, by column."""


class EventOrder(StrEnum):
    """``newest`` first; or by ``sale``: what can be bought before what cannot, stage by stage,
    newest first within each.
    """

    NEWEST = "newest"
    SALE = "sale"


class SaleStage(IntEnum):
    """How far the sale of an event is, in the order of a list by sale: tickets can be had; they
    cannot yet; they are all gone; it has begun; it was cancelled. The last that is true counts.
    """

    OPEN = 0
    UPCOMING = 1
    SOLD_OUT = 2
    BEGUN = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; ``seller_id`` asks for a seller's own, hidden ones included."""

    status: EventStatus | None = None
    seller_id: int | None = None
    order: EventOrder = EventOrder.NEWEST


@dataclass(frozen=True, slots=True)
class EventPlace:
    """The place of an event in a list; in one by sale, its stage when the page was read."""

    event_id: int
    stage: SaleStage | None = None

    def __str__(self) -> str:
        """As it stands in a cursor: ``17``, or with a stage ``2.17``."""
        return f"{self.event_id}" if self.stage is None else f"{self.stage.value}.{self.event_id}"


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, and the place of the last if more come after it."""

    events: Sequence[Event]
    more_after: EventPlace | None


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

    async def page(self, which: EventFilter, *, limit: int, after: EventPlace | None) -> EventPage:
        """Up to ``limit`` events that follow a place; fewer, but one at least, where their halls
        have more subsections than a page may name. In a list by sale an event whose stage changes
        between two pages may stand on both, or on none.
        """
        ...
