import dataclasses

import pytest

from onsale.service.seat_reservation.app.command.install_event_seats_use_case import (
    InstallEventSeatsUseCase,
)
from onsale.service.shared_kernel.seat_snapshot import (
    InconsistentSnapshotError,
    SubsectionSnapshot,
)
from onsale.service.shared_kernel.seating import SeatCounts
from tests.builders.seats import EPOCH, EVENT, SeatBooking, hall, layout, snapshot
from tests.fakes.in_memory_seat_store import InMemorySeatStore

ROW = layout(1, 4)
MINE, OTHER = SeatBooking(), SeatBooking()


async def test_a_consistent_snapshot_is_installed() -> None:
    store = InMemorySeatStore()
    holds = [MINE.held("1-1", "1-2"), OTHER.held("1-4", sold=True)]
    await InstallEventSeatsUseCase(store).execute(
        EVENT, EPOCH, [snapshot(ROW, holds=holds), snapshot(layout(2, 2, subsection=2))]
    )
    assert await store.counts(EVENT) == {
        ("A", 1): SeatCounts(1, 2, 1, 0),
        ("A", 2): SeatCounts(4, 0, 0, 0),
    }


async def test_taken_seats_that_no_booking_holds_stay_taken() -> None:
    store = InMemorySeatStore()
    await InstallEventSeatsUseCase(store).execute(EVENT, EPOCH, [snapshot(ROW, hall("rsb."))])
    assert await store.counts(EVENT) == {("A", 1): SeatCounts(1, 1, 1, 1)}


def claiming(position: str, states: str = "r...") -> SubsectionSnapshot:
    return SubsectionSnapshot(ROW, hall(states), [MINE.held(position)])


@pytest.mark.parametrize(
    "subsections",
    [
        pytest.param([snapshot(ROW), snapshot(ROW)], id="a subsection twice"),
        pytest.param([SubsectionSnapshot(ROW, b"\0" * 3)], id="a state too few"),
        pytest.param([SubsectionSnapshot(ROW, b"\0" * 5)], id="a state too many"),
        pytest.param([SubsectionSnapshot(ROW, b"\0\0\0\4")], id="a state that there is not"),
        pytest.param([SubsectionSnapshot(layout(0, 4), b"")], id="no row"),
        pytest.param([snapshot(layout(73, 137))], id="10,001 seats in a subsection"),
        pytest.param(
            [snapshot(layout(100, 100, subsection=n)) for n in range(101)],
            id="a million and ten thousand seats",
        ),
        pytest.param([claiming("1-2")], id="a hold on an available seat"),
        pytest.param([claiming("1-1", "b...")], id="a hold on a blocked seat"),
        pytest.param([claiming("1-5")], id="a hold on no seat"),
        pytest.param([claiming("2-1")], id="a hold on no row"),
        pytest.param([claiming("A")], id="a hold on no position"),
        pytest.param(
            [snapshot(ROW, holds=[MINE.held("1-1"), OTHER.held("1-1")])], id="two holders"
        ),
        pytest.param([snapshot(ROW, holds=[MINE.held("1-1", "1-1")])], id="a seat held twice"),
    ],
)
async def test_a_snapshot_that_contradicts_itself_changes_nothing(
    subsections: list[SubsectionSnapshot],
) -> None:
    store = InMemorySeatStore()
    await store.install(EVENT, 1, [snapshot(ROW, hall("r.s."))])
    with pytest.raises(InconsistentSnapshotError):
        await InstallEventSeatsUseCase(store).execute(EVENT, EPOCH, subsections)
    assert await store.counts(EVENT) == {("A", 1): SeatCounts(2, 1, 1, 0)}


async def test_the_booking_to_blame_is_named() -> None:
    bad = dataclasses.replace(snapshot(ROW), holds=[MINE.held("1-1")])
    with pytest.raises(InconsistentSnapshotError, match=str(MINE.id)):
        await InstallEventSeatsUseCase(InMemorySeatStore()).execute(EVENT, EPOCH, [bad])
