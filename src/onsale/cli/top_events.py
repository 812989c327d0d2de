"""Which events ``onsale top`` shows, and what it reads of each."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from onsale.client import (
    AsyncOnsaleClient,
    EventOrder,
    EventStatus,
    EventWithSections,
    ProblemError,
    SectionCounts,
)
from onsale.client.core import is_passing

EVENTS_MAX = 5
CANDIDATES_MAX = 20
"""Events on sale that are looked at for which of them sell."""
CHOICE_SECONDS = 10.0
"""So long those that sold most stay, whatever sells more meanwhile."""
RATE_SECONDS = 5


class EventLook(msgspec.Struct, frozen=True, kw_only=True):
    """An event at one moment, in seats; revenue and rate for its seller alone."""

    event_id: int
    name: str
    status: EventStatus
    on_sale_at: datetime | None
    currency: str
    available: int
    reserved: int
    sold: int
    blocked: int
    revenue: int | None
    bookings_per_second: float | None
    sections: Sequence[SectionCounts]


@dataclass(slots=True)
class EventWatch:
    """Looks at the events that were asked for, else at those on sale that sell most."""

    client: AsyncOnsaleClient
    asked: Sequence[int]
    others: Sequence[int] = ()
    """On sale as well, as far as was looked, and not shown."""
    _chosen: Sequence[int] = field(default=())
    _chosen_at: float = 0.0

    async def look(self) -> Sequence[EventLook]:
        """How they are now.

        Raises:
            OnsaleError: the API does not answer, or not now.
        """
        if self.asked:
            return await self._each(self.asked)
        if self._chosen and time.monotonic() - self._chosen_at < CHOICE_SECONDS:
            return await self._each(self._chosen)
        looks = sorted(await self._each(await self._on_sale()), key=selling, reverse=True)
        self._chosen = [each.event_id for each in looks[:EVENTS_MAX]]
        self.others = [each.event_id for each in looks[EVENTS_MAX:]]
        self._chosen_at = time.monotonic()
        return looks[:EVENTS_MAX]

    async def _each(self, event_ids: Sequence[int]) -> list[EventLook]:
        return await asyncio.gather(*map(self._event, event_ids))

    async def _on_sale(self) -> list[int]:
        """The seller's own events that take bookings, else anybody's; the newest first."""
        for mine in (True, False):
            if mine and self.client.token is None:
                continue
            try:
                page = await self.client.list_events(
                    mine=mine,
                    status=EventStatus.AVAILABLE,
                    order=EventOrder.SALE,
                    limit=CANDIDATES_MAX,
                )
            except ProblemError as error:
                if is_passing(error):
                    raise
                continue  # a buyer, or a session that is over
            now = datetime.now(UTC)
            events = [each.id for each in page.items if (each.on_sale_at or now) <= now]
            if events:
                return events
        return []

    async def _event(self, event_id: int) -> EventLook:
        event = await self.client.get_event(event_id)
        revenue, rate = None, None
        if self.client.token is not None:
            try:
                sales = await self.client.get_sales(event_id)
            except ProblemError:
                pass  # somebody else's: what everybody sees will do
            else:
                revenue = sales.revenue
                rate = sum(sales.bookings_last_minute[-RATE_SECONDS:]) / RATE_SECONDS
        return _event_look(event, revenue, rate)


def selling(look: EventLook) -> tuple[float, int, int]:
    """What puts an event before others: bookings a second, then seats held, then seats sold."""
    return look.bookings_per_second or 0.0, look.reserved, look.sold


def _event_look(event: EventWithSections, revenue: int | None, rate: float | None) -> EventLook:
    available, reserved, sold, blocked = (
        sum(getattr(each, state) for each in event.sections)
        for state in ("available", "reserved", "sold", "blocked")
    )
    return EventLook(
        event_id=event.id,
        name=event.name,
        status=event.status,
        on_sale_at=event.on_sale_at,
        currency=event.currency,
        available=available,
        reserved=reserved,
        sold=sold,
        blocked=blocked,
        revenue=revenue,
        bookings_per_second=rate,
        sections=event.sections,
    )
