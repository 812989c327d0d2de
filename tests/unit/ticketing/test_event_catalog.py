"""What is remembered of events is at most a second old, and read once for all who ask."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    EventPage,
    EventPlace,
)
from onsale.service.ticketing.app.service import event_catalog
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
        self.reads: list[list[int]] = []
        self.failure: BaseException | None = None
        self.look_count = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def by_id(self, event_id: int) -> Event | None:
        raise NotImplementedError

    async def by_ids(self, event_ids: Collection[int]) -> Mapping[int, Event]:
        self.reads.append(list(event_ids))
        epochs = {each: self.epochs[each] for each in event_ids if each in self.epochs}
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        details = EventDetails("E", "", "V", HALL)
        now = datetime.now(UTC)
        return {
            each: Event(each, 1, details, EventStatus.AVAILABLE, epoch, now, version=epoch)
            for each, epoch in epochs.items()
        }

    async def versions(self, event_ids: Collection[int]) -> Mapping[int, int]:
        self.look_count += 1
        versions = {each: self.epochs[each] for each in event_ids if each in self.epochs}
        await self.gate.wait()
        return versions

    async def page(self, which: EventFilter, *, limit: int, after: EventPlace | None) -> EventPage:
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
    assert events.reads == [[1]]


async def test_those_who_miss_different_events_share_one_read_as_well(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs |= {1: 1, 2: 2, 3: 3, 4: 4}
    events.gate.clear()
    asking = [asyncio.create_task(catalog.get(event_id)) for event_id in (1, 2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking += [asyncio.create_task(catalog.get(event_id)) for event_id in (3, 4, 1)]
    await asyncio.sleep(0)
    events.gate.set()
    assert [(await task).epoch for task in asking] == [1, 2, 3, 4, 1]
    assert events.reads == [[1, 2], [3, 4]]


async def test_a_read_is_of_no_more_events_than_its_bound(
    catalog: EventCatalog, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_catalog, "READ_COUNT_MAX", 2)
    events.epochs |= {1: 1, 2: 2, 3: 3}
    found = await asyncio.gather(*(catalog.get(event_id) for event_id in (1, 2, 3)))
    assert [event.epoch for event in found] == [1, 2, 3]
    assert events.reads == [[1, 2], [3]]


async def test_a_read_that_fails_is_told_to_all_who_wait_and_tried_again_by_the_next(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs |= {1: 1, 2: 2}
    events.failure = UnavailableError("postgresql")
    told = await asyncio.gather(catalog.get(1), catalog.get(2), return_exceptions=True)
    assert [type(each) for each in told] == [UnavailableError] * 2
    events.failure = None
    assert (await catalog.get(1)).epoch == 1


async def test_who_asks_once_an_event_is_made_finds_it_also_if_others_asked_before(
    catalog: EventCatalog, events: Events
) -> None:
    events.gate.clear()
    early = asyncio.create_task(catalog.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    events.epochs[1] = 1
    late = [asyncio.create_task(catalog.get(1)) for _ in range(2)]
    await asyncio.sleep(0)
    events.gate.set()
    with pytest.raises(EventNotFoundError):
        await early
    assert [(await task).epoch for task in late] == [1, 1]
    assert events.reads == [[1], [1]]


async def test_a_read_that_is_cancelled_leaves_nobody_waiting_and_is_begun_anew_by_the_next(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs |= {1: 1, 2: 2}
    events.failure = asyncio.CancelledError()
    events.gate.clear()
    asking = [asyncio.create_task(catalog.get(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.append(asyncio.create_task(catalog.get(2)))  # missed while the other is read
    await asyncio.sleep(0)
    events.gate.set()
    async with asyncio.timeout(5):
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(each) for each in told] == [UnavailableError] * 2
        events.failure = None
        assert [(await catalog.get(event_id)).epoch for event_id in (1, 2)] == [1, 2]


async def test_whoever_gives_up_waiting_leaves_the_others_their_answer(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs[1] = 1
    events.gate.clear()
    impatient, patient = (asyncio.create_task(catalog.get(1)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait({impatient})
    events.gate.set()
    assert (await patient).epoch == 1


async def test_an_event_that_was_forgotten_while_it_waited_to_be_read_is_read_once(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs |= {1: 1, 2: 1}
    events.gate.clear()
    first = asyncio.create_task(catalog.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = asyncio.create_task(catalog.get(2))
    await asyncio.sleep(0)
    events.epochs[2] = 2
    catalog.forget(2)
    later = asyncio.create_task(catalog.get(2))
    await asyncio.sleep(0)
    events.gate.set()
    assert [(await task).epoch for task in (first, waiting, later)] == [1, 2, 2]
    assert events.reads == [[1], [2]]


async def test_what_has_not_changed_is_looked_at_and_not_read_again(
    catalog: EventCatalog, events: Events, clock: Clock
) -> None:
    events.epochs |= {1: 1, 2: 1}
    for event_id in (1, 2):
        await catalog.get(event_id)
    clock.seconds += 10
    events.epochs[2] = 2
    found = await asyncio.gather(catalog.get(1), catalog.get(2))
    assert [event.epoch for event in found] == [1, 2]
    assert (events.reads, events.look_count) == ([[1], [2], [2]], 1)
    clock.seconds += 0.9
    await catalog.get(1)
    assert events.look_count == 1, "a look makes it fresh again"


async def test_an_event_that_was_forgotten_during_a_look_is_read_by_the_next_who_asks(
    catalog: EventCatalog, events: Events, clock: Clock
) -> None:
    events.epochs[1] = 1
    await catalog.get(1)
    clock.seconds += 10
    events.gate.clear()
    asking = asyncio.create_task(catalog.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    events.epochs[1] = 2
    catalog.forget(1)
    events.gate.set()
    await asking
    assert (await catalog.get(1)).epoch == 2


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


async def test_a_look_at_all_keeps_what_has_not_changed_without_reading_it(
    catalog: EventCatalog, events: Events, clock: Clock
) -> None:
    events.epochs |= {1: 1, 2: 1}
    for event_id in (1, 2):
        await catalog.get(event_id)
    clock.seconds += 0.9
    await catalog.refresh()
    clock.seconds += 0.9
    for event_id in (1, 2):
        await catalog.get(event_id)
    assert (events.reads, events.look_count) == ([[1], [2]], 1)


async def test_a_look_forgets_what_has_changed_and_what_is_gone(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs |= {1: 1, 2: 1}
    for event_id in (1, 2):
        await catalog.get(event_id)
    events.epochs = {1: 2}
    await catalog.refresh()
    assert (await catalog.get(1)).epoch == 2
    with pytest.raises(EventNotFoundError):
        await catalog.get(2)


async def test_a_look_does_not_bring_back_what_was_forgotten_meanwhile(
    catalog: EventCatalog, events: Events
) -> None:
    events.epochs[1] = 1
    await catalog.get(1)
    events.gate.clear()
    looking = asyncio.create_task(catalog.refresh())
    await asyncio.sleep(0)
    events.epochs[1] = 2
    catalog.forget(1)
    events.gate.set()
    await looking
    assert (await catalog.get(1)).epoch == 2


async def test_nobody_looks_at_what_nobody_asks_for(
    catalog: EventCatalog, events: Events, clock: Clock
) -> None:
    events.epochs[1] = 1
    await catalog.get(1)
    clock.seconds += 10
    await catalog.refresh()
    assert events.look_count == 0
