"""What every seat store does when an event is loaded, and what it shows of it."""

from datetime import timedelta

import pytest

from onsale.service.shared_kernel.seat_messages import (
    SeatCommand,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
    SeatStateStale,
)
from onsale.service.shared_kernel.seating import SeatCounts
from tests.builders.hall import SeatStore
from tests.builders.seats import (
    EPOCH,
    EVENT,
    NOW,
    TODAY,
    SeatBooking,
    drawing,
    hall,
    layout,
    snapshot,
)

ROW = layout(1, 4)


async def seats(store: SeatStore) -> str:
    (found,) = await store.states(EVENT, [ROW])
    assert found is not None
    counts = (await store.counts(EVENT))["A", 1]
    assert counts == SeatCounts(*(found.states.count(state) for state in range(4)))
    return drawing(found.states, 4)


async def answer_to(store: SeatStore, command: SeatCommand) -> SeatResult:
    (result,) = await store.apply([command], now=NOW)
    return result


async def test_nothing_is_decided_where_nothing_was_loaded(seat_store: SeatStore) -> None:
    booking = SeatBooking()
    for command in (booking.best_available(), booking.release(), booking.finalize()):
        assert isinstance(await answer_to(seat_store, command), SeatStateStale)
    assert await seat_store.states(EVENT, [ROW]) == [None]
    assert await seat_store.counts(EVENT) == {}
    assert await seat_store.holds(EVENT, "A", 1, [TODAY]) == {}


@pytest.mark.parametrize("epoch", [EPOCH - 1, EPOCH + 1])
async def test_a_command_of_another_epoch_changes_nothing(
    seat_store: SeatStore, epoch: int
) -> None:
    holder = SeatBooking()
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW)])
    await answer_to(seat_store, holder.manual("1-1"))
    stranger = SeatBooking(epoch=epoch)
    same_holder = SeatBooking(epoch=epoch, id=holder.id)
    for command in (stranger.best_available(), same_holder.release(), same_holder.finalize()):
        result = await answer_to(seat_store, command)
        assert isinstance(result, SeatStateStale)
        assert result.epoch == epoch
    assert await seats(seat_store) == "r..."
    # Nothing of it was kept either: under the right epoch the stranger is unknown.
    known = SeatBooking(id=stranger.id)
    assert isinstance(await answer_to(seat_store, known.best_available()), SeatsReserved)


async def test_stale_commands_of_a_batch_leave_the_others_alone(seat_store: SeatStore) -> None:
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW)])
    results = await seat_store.apply(
        [SeatBooking(epoch=3).best_available(), SeatBooking().best_available()], now=NOW
    )
    assert isinstance(results[0], SeatStateStale)
    assert isinstance(results[1], SeatsReserved)


async def test_a_loaded_hold_is_known_and_releases_exactly_its_own_seats(
    seat_store: SeatStore,
) -> None:
    mine, other = SeatBooking(), SeatBooking()
    holds = [mine.held("1-1", "1-3"), other.held("1-2")]
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW, hall("...b"), holds)])
    assert await seats(seat_store) == "rrrb"
    assert await seat_store.holds(EVENT, "A", 1, [TODAY]) == {
        mine.id: ("1-1", "1-3"),
        other.id: ("1-2",),
    }
    assert isinstance(await answer_to(seat_store, mine.release()), SeatsReleased)
    assert await seats(seat_store) == ".r.b"


async def test_a_loaded_hold_answers_its_reserve_with_its_seats(seat_store: SeatStore) -> None:
    mine = SeatBooking()
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW, holds=[mine.held("1-2", "1-3")])])
    result = await answer_to(seat_store, mine.best_available(2))
    assert isinstance(result, SeatsReserved)
    assert result.positions == ("1-2", "1-3")
    assert await seats(seat_store) == ".rr."


@pytest.mark.parametrize("sold", [False, True])
async def test_a_loaded_hold_is_finalized_with_the_seq_that_the_ledger_knew(
    seat_store: SeatStore, *, sold: bool
) -> None:
    mine = SeatBooking()
    holds = [mine.held("1-2", seq=2, sold=sold)]
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW, holds=holds)])
    assert isinstance(await answer_to(seat_store, mine.finalize(seq=2)), SeatsFinalized)
    assert await seats(seat_store) == ".s.."


async def test_a_finalize_that_finds_no_hold_asks_for_the_ledger(seat_store: SeatStore) -> None:
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW)])
    booking = SeatBooking()
    assert isinstance(await answer_to(seat_store, booking.finalize()), SeatStateStale)
    await answer_to(seat_store, booking.release(seq=3))
    assert isinstance(await answer_to(seat_store, booking.finalize(seq=4)), SeatStateStale)


@pytest.mark.parametrize(
    "epoch",
    [
        pytest.param(EPOCH + 1, id="raised"),
        pytest.param(EPOCH, id="repeated after a crash of the loader"),
        pytest.param(EPOCH - 1, id="of a ledger that was restored"),
    ],
)
async def test_answers_given_before_a_load_are_not_believed_after_it(
    seat_store: SeatStore, epoch: int
) -> None:
    holder, refused, released = SeatBooking(), SeatBooking(), SeatBooking()
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW)])
    await seat_store.apply(
        [holder.manual("1-1"), refused.manual("1-1"), released.release()], now=NOW
    )
    await seat_store.install(EVENT, epoch, [snapshot(ROW)])
    assert await seats(seat_store) == "...."
    assert await seat_store.holds(EVENT, "A", 1, [TODAY]) == {}

    again = [SeatBooking(epoch=epoch, id=each.id) for each in (refused, holder, released)]
    results = await seat_store.apply([each.manual("1-1") for each in again[:1]], now=NOW)
    assert isinstance(results[0], SeatsReserved)
    # A release of what the new state does not know as held frees nobody's seat.
    assert isinstance(await answer_to(seat_store, again[1].release()), SeatsReleased)
    assert await seats(seat_store) == "r..."
    assert isinstance(await answer_to(seat_store, again[2].manual("1-2")), SeatsReserved)


async def test_loading_again_replaces_layout_and_states(seat_store: SeatStore) -> None:
    await seat_store.install(EVENT, EPOCH, [snapshot(layout(2, 2), hall("rs b."))])
    await seat_store.install(EVENT, EPOCH + 1, [snapshot(layout(1, 3), hall("..s"))])
    (found,) = await seat_store.states(EVENT, [layout(1, 3)])
    assert found is not None
    assert (found.epoch, found.rows, found.seats_per_row) == (EPOCH + 1, 1, 3)
    assert found.states == hall("..s")
    assert await seat_store.counts(EVENT) == {("A", 1): SeatCounts(2, 0, 1, 0)}


async def test_states_come_in_the_order_asked_and_say_what_is_missing(
    seat_store: SeatStore,
) -> None:
    first, second = layout(1, 2, section="VIP-1"), layout(3, 3, section="A", subsection=12)
    await seat_store.install(
        EVENT, EPOCH, [snapshot(first, hall(".b")), snapshot(second, hall("r.. .s. ..b"))]
    )
    missing = layout(1, 2, section="VIP", subsection=11)
    found = await seat_store.states(EVENT, [second, missing, first])
    assert [each and each.states for each in found] == [hall("r.. .s. ..b"), None, hall(".b")]
    assert await seat_store.counts(EVENT) == {
        ("VIP-1", 1): SeatCounts(1, 0, 0, 1),
        ("A", 12): SeatCounts(6, 1, 1, 1),
    }


async def test_events_do_not_see_each_other(seat_store: SeatStore) -> None:
    await seat_store.install(4, EPOCH, [snapshot(ROW)])
    await seat_store.install(42, EPOCH, [snapshot(ROW)])
    await answer_to(seat_store, SeatBooking(event_id=4).manual("1-1"))
    assert await seats(seat_store) == "...."
    assert await seat_store.counts(2) == {}


async def test_holds_are_found_under_the_day_of_their_booking(seat_store: SeatStore) -> None:
    old = SeatBooking(booked_at=NOW - timedelta(days=40))
    holds = [old.held("1-1", sold=True)]
    await seat_store.install(EVENT, EPOCH, [snapshot(ROW, holds=holds)])
    assert await seat_store.holds(EVENT, "A", 1, [TODAY]) == {}
    assert await seat_store.holds(EVENT, "A", 1, ["20300407", TODAY]) == {old.id: ("1-1",)}


async def test_a_hall_of_two_thousand_subsections(seat_store: SeatStore) -> None:
    halls = [layout(2, 5, subsection=number) for number in range(1, 2_001)]
    pattern = hall("..r.b s....")
    await seat_store.install(EVENT, EPOCH, [snapshot(each, pattern) for each in halls])
    found = await seat_store.states(EVENT, halls)
    assert {each and each.states for each in found} == {pattern}
    assert [each and each.subsection for each in found] == [each.subsection for each in halls]
    assert len(await seat_store.counts(EVENT)) == 2_000


async def test_a_full_subsection_is_loaded_with_a_booking_for_every_seat(
    seat_store: SeatStore,
) -> None:
    of = layout(100, 100)
    positions = [str(of.position_at(index)) for index in range(of.seat_count)]
    bookings = [SeatBooking() for _ in positions]
    holds = [each.held(at) for each, at in zip(bookings, positions, strict=True)]
    await seat_store.install(EVENT, EPOCH, [snapshot(of, holds=holds)])
    assert (await seat_store.counts(EVENT))["A", 1] == SeatCounts(0, 10_000, 0, 0)
    assert len(await seat_store.holds(EVENT, "A", 1, [TODAY])) == 10_000
    assert isinstance(await answer_to(seat_store, SeatBooking().best_available()), SeatsRefused)
