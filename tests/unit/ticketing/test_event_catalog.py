"""What is remembered of events is at most a second old, and read once for all who ask."""

import asyncio
from datetime import UTC, datetime

import pytest

from onsale.service.ticketing.app.interface.i_event_repository import EventFilter, EventPage
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventDetails,
    EventStatus,
)
from onsale.service.ticketing.domain.exceptions import EventNotFoundError
from onsale.service.ticketing.domain.value_object.seating_config import SeatingConfig, Section

HALL = SeatingConfig.of([Section.regular("A", 100, 1, 1, 1)])


class Events:
    """Events by id; a read waits until it is let go."""

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}
        self.read_count = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def by_id(self, event_id: int) -> Event | None:
        self.read_count += 1
        epoch = self.epochs.get(event_id)
        await self.gate.wait()
        if epoch is None:
            return None
        details = EventDetails("E", "", "V", HALL)
        return Event(event_id, 1, details, EventStatus.AVAILABLE, epoch, datetime.now(UTC))

    async def page(self, which: EventFilter, *, limit: int, before: int | None) -> EventPage:
        raise NotImplementedError


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(events: Events, clock: Clock) -> EventCatalog:
    return EventCatalog(events, clock)


async def test_an_event_is_read_again_after_a_second(
    catalog: EventCatalog, events: Events, clock: Clock
) -> None:
    events.epochs[1] = 1
    assert (await catalog.get(1)).epoch == 1
    events.epochs[1] = 2
    clock.seconds += 0.9
    assert (await catalog.get(1)).epoch == 1
    clock.seconds += 0.2
    assert (await catalog.get(1)).epoch == 2


async def test_those_who_miss_together_share_one_read(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs[1] = 1
    events.gate.clear()
    asking = [asyncio.create_task(catalog.get(1)) for _ in range(10)]
    await asyncio.sleep(0)
    events.gate.set()
    assert {(await task).epoch for task in asking} == {1}
    assert events.read_count == 1


async def test_an_event_that_was_forgotten_during_its_read_is_read_again(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs[1] = 1
    events.gate.clear()
    early = asyncio.create_task(catalog.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    events.epochs[1] = 2
    catalog.forget(1)
    events.gate.set()
    assert (await early).epoch == 1
    assert (await catalog.get(1)).epoch == 2


async def test_an_unknown_event_is_not_found_and_not_remembered(
    catalog: EventCatalog, events: Events
) -> None:
    with pytest.raises(EventNotFoundError):
        await catalog.get(1)
    events.epochs[1] = 1
    assert (await catalog.get(1)).epoch == 1
