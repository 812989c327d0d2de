"""What live viewers get, encoded once for all of them."""

import itertools
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import BookingView
from onsale.service.ticketing.app.query.get_event_use_case import EventView
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    EventDetails,
    EventStatus,
)
from onsale.service.ticketing.driving_adapter.http_controller.json_response import encode
from onsale.service.ticketing.driving_adapter.schema.booking_schema import (
    booking_with_tickets_body,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    LiveEventBody,
    SectionBody,
    section_body,
)

SNAPSHOT_EVENT, UPDATE_EVENT = "initial_status", "status_update"
# Viewers of an event are nearly always at one of the last few views of it.
REMEMBERED_UPDATE_COUNT_MAX = 8


def frame(name: str, body: object) -> bytes:
    """One server-sent event. JSON has no line breaks, so it is one line of data."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(body))


@dataclass(frozen=True, slots=True)
class LiveBooking:
    """A booking's state as a finished frame; equal if a client would see no difference."""

    is_final: bool
    frame: bytes


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event's counts. ``serial`` names the view, so that what changed between two views is
    encoded once however many viewers take that step.

    What its seller says of it is not told, but a change of that is news as well: an update that
    names no section has viewers read the event again. It comes after the one of seats that changed
    at the same moment: in a rush some always do.
    """

    status: EventStatus
    details: EventDetails
    sections: list[SectionBody]
    serial: int = field(compare=False)
    _frames: dict[int, bytes] = field(default_factory=dict, compare=False, repr=False)

    def snapshot(self) -> bytes:
        """The frame for a viewer who has seen nothing."""
        return self._remember(
            0, lambda: frame(SNAPSHOT_EVENT, LiveEventBody(self.status, self.sections))
        )

    def since(self, seen: "LiveEvent") -> bytes:
        """The frames for a viewer of ``seen``, another view: they hold only what changed."""
        return self._remember(seen.serial, lambda: self._changes(seen))

    def _changes(self, seen: "LiveEvent") -> bytes:
        before = {(part.section, part.subsection): part for part in seen.sections}
        changed = [
            part for part in self.sections if before.get((part.section, part.subsection)) != part
        ]
        told = frame(UPDATE_EVENT, LiveEventBody(self.status, changed))
        if changed and self.details != seen.details:
            told += frame(UPDATE_EVENT, LiveEventBody(self.status, []))
        return told

    def _remember(self, step: int, make: Callable[[], bytes]) -> bytes:
        if step not in self._frames:
            if len(self._frames) >= REMEMBERED_UPDATE_COUNT_MAX:
                self._frames.clear()
            self._frames[step] = make()
        return self._frames[step]


def booking_reader(
    read: Callable[[Collection[UUID]], Awaitable[Mapping[UUID, BookingView]]],
) -> Callable[[Collection[UUID]], Awaitable[Mapping[UUID, LiveBooking]]]:
    """What ``LiveTopics`` reads bookings with."""

    async def read_live(booking_ids: Collection[UUID]) -> Mapping[UUID, LiveBooking]:
        return {
            booking_id: LiveBooking(
                view.booking.status.is_final, frame(UPDATE_EVENT, booking_with_tickets_body(view))
            )
            for booking_id, view in (await read(booking_ids)).items()
        }

    return read_live


def event_reader(
    read: Callable[[Collection[int]], Awaitable[Mapping[int, EventView]]],
) -> Callable[[Collection[int]], Awaitable[Mapping[int, LiveEvent]]]:
    """What ``LiveTopics`` reads events with."""
    serials = itertools.count(1)

    async def read_live(event_ids: Collection[int]) -> Mapping[int, LiveEvent]:
        return {
            event_id: LiveEvent(
                view.event.status,
                view.event.details,
                [section_body(part) for part in view.sections],
                next(serials),
            )
            for event_id, view in (await read(event_ids)).items()
        }

    return read_live
