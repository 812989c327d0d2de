"""Events and the seats of their halls in memory: ports of events, seat maps and ledger seats."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from onsale.service.shared_kernel.seat_snapshot import SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SeatState, SubsectionLayout
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventChanges,
    EventFilter,
    EventOrder,
    EventPage,
    EventPlace,
    SaleStage,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventStatus,
    EventTicketingAggregate,
)


def _stage(event: Event, now: datetime) -> SaleStage:
    starts_at, opens_at = event.details.starts_at, event.details.on_sale_at
    if event.status is EventStatus.CANCELLED:
        return SaleStage.CANCELLED
    if starts_at is not None and starts_at < now:
        return SaleStage.BEGUN
    if event.status is EventStatus.SOLD_OUT:
        return SaleStage.SOLD_OUT
    is_closed = event.status is EventStatus.DRAFT or (opens_at is not None and opens_at > now)
    return SaleStage.UPCOMING if is_closed else SaleStage.OPEN


class InMemoryEvents:
    """A new event is open at once; its seats are loaded."""

    def __init__(self) -> None:
        self.events: dict[int, Event] = {}
        self.seats: dict[tuple[int, str, int], bytearray] = {}
        self.failure: Exception | None = None

    async def add(self, aggregate: EventTicketingAggregate) -> Event:
        event = Event(
            id=len(self.events) + 1,
            seller_id=aggregate.seller_id,
            details=aggregate.details,
            status=EventStatus.AVAILABLE,
            epoch=1,
            created_at=datetime.now(UTC),
        )
        self.events[event.id] = event
        for layout in event.details.seating_config:
            self.seats[event.id, layout.section, layout.subsection] = bytearray(layout.seat_count)
        return event

    async def change(self, event_id: int, changes: EventChanges) -> Event:
        given: dict[str, Any] = dict(changes)
        event = self.events[event_id]
        event.require_not_cancelled()
        details = replace(event.details, **given)
        self.events[event_id] = replace(event, details=details, version=event.version + 1)
        return self.events[event_id]

    async def cancel(self, event_id: int) -> Event:
        self.events[event_id].require_not_cancelled()
        self.set_status(event_id, EventStatus.CANCELLED)
        return self.events[event_id]

    def set_status(self, event_id: int, status: EventStatus) -> None:
        event = self.events[event_id]
        self.events[event_id] = replace(event, status=status, version=event.version + 1)

    async def by_id(self, event_id: int) -> Event | None:
        if self.failure is not None:
            raise self.failure
        return self.events.get(event_id)

    async def by_ids(self, event_ids: Collection[int]) -> Mapping[int, Event]:
        if self.failure is not None:
            raise self.failure
        return {each: self.events[each] for each in event_ids if each in self.events}

    async def versions(self, event_ids: Collection[int]) -> Mapping[int, int]:
        if self.failure is not None:
            raise self.failure
        return {each: self.events[each].version for each in event_ids if each in self.events}

    async def page(self, which: EventFilter, *, limit: int, after: EventPlace | None) -> EventPage:
        now = datetime.now(UTC)

        def place_of(event: Event) -> EventPlace:
            is_by_sale = which.order is EventOrder.SALE
            return EventPlace(event.id, _stage(event, now) if is_by_sale else None)

        def position(place: EventPlace) -> tuple[int, int]:
            return place.stage or 0, -place.event_id

        found = [
            event
            for event in sorted(self.events.values(), key=lambda one: position(place_of(one)))
            if (after is None or position(place_of(event)) > position(after))
            and (which.status is None or event.status is which.status)
            and (
                event.details.is_active
                if which.seller_id is None
                else event.seller_id == which.seller_id
            )
        ]
        more_after = place_of(found[limit - 1]) if len(found) > limit else None
        return EventPage(found[:limit], more_after)

    def take(self, event_id: int, section: str, subsection: int, index: int) -> None:
        self.seats[event_id, section, subsection][index] = SeatState.RESERVED

    async def counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        return {
            (section, subsection): SeatCounts(*(states.count(state) for state in range(4)))
            for (owner, section, subsection), states in self.seats.items()
            if owner == event_id
        }

    async def any_available(self, event_ids: Collection[int]) -> Mapping[int, bool]:
        counts = {event_id: await self.counts(event_id) for event_id in event_ids}
        return {
            event_id: any(each.available for each in found.values())
            for event_id, found in counts.items()
            if found
        }

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> Sequence[SubsectionStates | None]:
        return [
            SubsectionStates(
                one.section,
                one.subsection,
                epoch=1,
                rows=one.rows,
                seats_per_row=one.seats_per_row,
                states=await self.ticket_states(event_id, one),
            )
            for one in subsections
        ]

    async def ticket_counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        return await self.counts(event_id)

    async def ticket_states(self, event_id: int, layout: SubsectionLayout) -> bytes:
        return bytes(self.seats[event_id, layout.section, layout.subsection])
