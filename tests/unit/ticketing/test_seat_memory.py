"""Memory refuses only what it knows freshly."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from onsale.service.shared_kernel.seat_snapshot import SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout
from onsale.service.ticketing.app.service import seat_memory
from onsale.service.ticketing.app.service.seat_memory import SeatMemory

LAYOUT = SubsectionLayout("A", 1, 1, 3, 100)


class Store:
    """One subsection of three seats; ``None`` while nothing is loaded."""

    def __init__(self) -> None:
        self.loaded: bytes | None = bytes([0, 1, 2])
        self.asked_count = 0

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> Sequence[SubsectionStates | None]:
        del event_id
        self.asked_count += len(subsections)
        loaded = self.loaded
        return [
            None if loaded is None else SubsectionStates("A", 1, 1, 1, 3, loaded)
            for _ in subsections
        ]

    async def counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        raise NotImplementedError

    async def any_available(self, event_ids: Collection[int]) -> Mapping[int, bool]:
        raise NotImplementedError


class Clock:
    seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(store: Store, clock: Clock) -> SeatMemory:
    return SeatMemory(store, clock)


async def test_what_was_never_asked_for_is_not_known_and_not_read(
    memory: SeatMemory, store: Store
) -> None:
    await memory.refresh()
    assert store.asked_count == 0
    assert memory.available(1, LAYOUT) is None
    assert memory.states(1, LAYOUT) is None


async def test_once_read_it_knows_what_is_free(memory: SeatMemory) -> None:
    memory.available(1, LAYOUT)
    await memory.refresh()
    assert memory.available(1, LAYOUT) == 1
    assert memory.states(1, LAYOUT) == bytes([0, 1, 2])


async def test_memory_older_than_a_second_refuses_nobody(memory: SeatMemory, clock: Clock) -> None:
    memory.available(1, LAYOUT)
    await memory.refresh()
    clock.seconds += 1.01
    assert memory.available(1, LAYOUT) is None
    assert memory.states(1, LAYOUT) is None


async def test_a_store_that_holds_nothing_is_not_taken_for_a_full_hall(
    memory: SeatMemory, store: Store
) -> None:
    memory.available(1, LAYOUT)
    await memory.refresh()
    store.loaded = None
    await memory.refresh()
    assert memory.available(1, LAYOUT) is None


async def test_what_nobody_asks_for_any_more_is_forgotten(
    memory: SeatMemory, store: Store, clock: Clock
) -> None:
    memory.available(1, LAYOUT)
    clock.seconds += seat_memory.WANTED_SECONDS + 0.1
    await memory.refresh()
    assert store.asked_count == 0


async def test_it_remembers_no_more_than_its_bound(
    memory: SeatMemory, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(seat_memory, "WANTED_COUNT_MAX", 2)
    for event_id in range(5):
        memory.available(event_id, LAYOUT)
    await memory.refresh()
    assert store.asked_count == 2
