"""What every seat store does with reserves, releases and finalizes."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    ReserveSeats,
    SeatCommand,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
)
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout
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
from tests.contract.conftest import SeatStore


class Hall:
    """One subsection, loaded, with short words for what a test does and sees."""

    def __init__(self, store: SeatStore, of: SubsectionLayout) -> None:
        self.store = store
        self.layout = of

    async def load(self, states: bytes | None = None) -> None:
        await self.store.install(EVENT, EPOCH, [snapshot(self.layout, states)])

    async def apply(self, *commands: SeatCommand) -> list[SeatResult]:
        return await self.store.apply(commands, now=NOW)

    async def seats(self) -> str:
        (found,) = await self.store.states(EVENT, [self.layout])
        assert found is not None
        counts = (await self.store.counts(EVENT))[self.layout.section, self.layout.subsection]
        assert counts == SeatCounts(*(found.states.count(state) for state in range(4)))
        return drawing(found.states, self.layout.seats_per_row)

    async def holds(self) -> dict[str, tuple[str, ...]]:
        found = await self.store.holds(EVENT, "A", 1, [TODAY])
        return {str(booking): positions for booking, positions in found.items()}


@pytest.fixture
async def small_hall(seat_store: SeatStore) -> Hall:
    """Four rows of five seats, all available."""
    a_hall = Hall(seat_store, layout(4, 5))
    await a_hall.load()
    return a_hall


def positions_of(result: SeatResult) -> tuple[str, ...]:
    assert isinstance(result, SeatsReserved)
    return result.positions


def refusal_of(result: SeatResult) -> tuple[RefusalReason, tuple[str, ...]]:
    assert isinstance(result, SeatsRefused)
    return result.reason, result.conflicts


# --- seats asked for by name ---------------------------------------------------------------------


async def test_seats_asked_for_by_name_are_held(small_hall: Hall) -> None:
    booking = SeatBooking()
    (result,) = await small_hall.apply(booking.manual("2-3", "1-5"))
    assert positions_of(result) == ("1-5", "2-3")
    assert await small_hall.seats() == "....r ..r.. ..... ....."
    assert await small_hall.holds() == {str(booking.id): ("1-5", "2-3")}


async def test_a_result_bears_what_its_command_bore(small_hall: Hall) -> None:
    command = SeatBooking().manual("1-1", seq=3)
    (result,) = await small_hall.apply(command)
    for name in ("booking_id", "event_id", "section", "subsection", "epoch", "seq"):
        assert getattr(result, name) == getattr(command, name)


async def test_a_taken_seat_refuses_the_whole_booking_and_is_named(small_hall: Hall) -> None:
    await small_hall.apply(SeatBooking().manual("1-2", "1-4"))
    (result,) = await small_hall.apply(SeatBooking().manual("1-4", "1-3", "1-2"))
    assert refusal_of(result) == (RefusalReason.SEAT_CONFLICT, ("1-2", "1-4"))
    assert await small_hall.seats() == ".r.r. ..... ..... ....."


@pytest.mark.parametrize("state", ["r", "s", "b"])
async def test_only_an_available_seat_can_be_taken(small_hall: Hall, state: str) -> None:
    await small_hall.load(hall(f"{state}.... ..... ..... ....."))
    (result,) = await small_hall.apply(SeatBooking().manual("1-1"))
    assert refusal_of(result) == (RefusalReason.SEAT_CONFLICT, ("1-1",))


@pytest.mark.parametrize("position", ["1-6", "5-1", "4000000000-1", "1-99999999999999999999"])
async def test_a_seat_that_does_not_exist_is_refused_and_no_other_is_taken(
    small_hall: Hall, position: str
) -> None:
    (result,) = await small_hall.apply(SeatBooking().manual("1-1", position))
    assert refusal_of(result) == (RefusalReason.SEAT_OUT_OF_RANGE, ())
    assert await small_hall.seats() == "..... ..... ..... ....."


async def test_a_text_that_is_no_position_fails_the_batch_before_anything_is_done(
    small_hall: Hall,
) -> None:
    with pytest.raises(ValueError, match="seat position"):
        await small_hall.apply(SeatBooking().manual("1-1"), SeatBooking().manual("0-1"))
    assert await small_hall.seats() == "..... ..... ..... ....."


# --- best available ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "quantity", "after"),
    [
        pytest.param("..... .....", 3, "rrr.. .....", id="leftmost of the frontmost row"),
        pytest.param("s.... .....", 3, "srrr. .....", id="frontmost, even if one is left alone"),
        pytest.param("ss... .....", 4, "ss... rrrr.", id="adjacent before frontmost"),
        pytest.param("..s.s .....", 1, "..srs .....", id="no seat left alone before leftmost"),
        pytest.param("..s.. .....", 1, "r.s.. .....", id="one left alone where it must be"),
        pytest.param("s..s. ss.ss", 2, "srrs. ss.ss", id="a gap of the right size"),
        pytest.param("..s.s .s...", 4, "..srs .srrr", id="largest groups first"),
        pytest.param("sb.rs ssss.", 2, "sbrrs ssssr", id="whatever there is"),
    ],
)
async def test_best_available(small_hall: Hall, before: str, quantity: int, after: str) -> None:
    filled = " sssss sssss"
    await small_hall.load(hall(before + filled))
    (result,) = await small_hall.apply(SeatBooking().best_available(quantity))
    assert len(positions_of(result)) == quantity
    assert await small_hall.seats() == after + filled


async def test_a_hall_with_fewer_seats_than_wanted_is_sold_out_and_keeps_them(
    small_hall: Hall,
) -> None:
    before = "ss.ss sssss sssss .ssss"
    await small_hall.load(hall(before))
    results = await small_hall.apply(
        SeatBooking().best_available(3), SeatBooking().best_available(2)
    )
    assert refusal_of(results[0]) == (RefusalReason.SOLD_OUT, ())
    assert positions_of(results[1]) == ("1-3", "4-1")
    assert await small_hall.seats() == "ssrss sssss sssss rssss"


async def test_one_batch_fills_the_hall_to_the_last_seat_and_no_further(small_hall: Hall) -> None:
    bookings = [SeatBooking() for _ in range(25)]
    results = await small_hall.apply(*(booking.best_available() for booking in bookings))
    held = [result for result in results if isinstance(result, SeatsReserved)]
    assert len({position for result in held for position in result.positions}) == 20
    assert [refusal_of(result)[0] for result in results[20:]] == [RefusalReason.SOLD_OUT] * 5
    assert await small_hall.seats() == "rrrrr rrrrr rrrrr rrrrr"


# --- the same command again ----------------------------------------------------------------------


async def test_a_booking_asked_again_gets_its_first_seats(small_hall: Hall) -> None:
    command = SeatBooking().best_available(2)
    first = await small_hall.apply(command)
    await small_hall.apply(SeatBooking().best_available(2))
    assert await small_hall.apply(command) == first
    assert await small_hall.seats() == "rr... rr... ..... ....."


async def test_a_booking_that_stands_twice_in_a_batch_gets_one_set_of_seats(
    small_hall: Hall,
) -> None:
    command = SeatBooking().best_available(2)
    other = SeatBooking().best_available(1)
    results = await small_hall.apply(command, other, command)
    assert results[0] == results[2]
    assert await small_hall.seats() == "rr... r.... ..... ....."


async def test_a_refusal_stands_even_when_the_seats_have_become_free(small_hall: Hall) -> None:
    winner, loser = SeatBooking(), SeatBooking()
    await small_hall.apply(winner.manual("1-1"))
    refused = await small_hall.apply(loser.manual("1-1"))
    await small_hall.apply(winner.release())
    assert await small_hall.apply(loser.manual("1-1")) == refused
    assert await small_hall.seats() == "..... ..... ..... ....."


async def test_a_sold_out_answer_stands(small_hall: Hall) -> None:
    await small_hall.load(hall("sssss sssss sssss ssss."))
    late = SeatBooking().best_available(2)
    refused = await small_hall.apply(late)
    await small_hall.apply(SeatBooking().best_available(1))
    assert await small_hall.apply(late) == refused


async def test_a_reserve_repeated_after_the_sale_still_names_the_seats(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"), booking.finalize(seq=1))
    (again,) = await small_hall.apply(booking.manual("1-1"))
    assert positions_of(again) == ("1-1",)
    assert await small_hall.seats() == "s.... ..... ..... ....."


async def test_a_newer_reserve_of_a_holder_changes_no_seat(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"))
    (again,) = await small_hall.apply(booking.manual("3-3", seq=2))
    assert positions_of(again) == ("1-1",)
    assert await small_hall.seats() == "r.... ..... ..... ....."


async def test_a_newer_reserve_of_a_refused_booking_is_decided_anew(small_hall: Hall) -> None:
    await small_hall.apply(SeatBooking().manual("1-1"))
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"))
    (again,) = await small_hall.apply(booking.manual("1-2", seq=2))
    assert positions_of(again) == ("1-2",)


# --- release -------------------------------------------------------------------------------------


async def test_a_released_seat_is_offered_again(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"))
    (result,) = await small_hall.apply(booking.release())
    assert isinstance(result, SeatsReleased)
    assert await small_hall.holds() == {}
    (other,) = await small_hall.apply(SeatBooking().manual("1-1"))
    assert positions_of(other) == ("1-1",)


async def test_a_seat_released_in_front_is_seen_later_in_the_same_batch(small_hall: Hall) -> None:
    await small_hall.load(hall("..... rrrrr rrrrr ....."))
    first, second = SeatBooking(), SeatBooking()
    results = await small_hall.apply(
        first.best_available(5),
        SeatBooking().best_available(2),
        first.release(),
        second.best_available(4),
        SeatBooking().best_available(3),
    )
    assert positions_of(results[3]) == ("1-1", "1-2", "1-3", "1-4")
    assert await small_hall.seats() == "rrrr. rrrrr rrrrr rrrrr"


async def test_a_repeated_release_does_not_free_the_seats_next_holder(small_hall: Hall) -> None:
    booking, next_holder = SeatBooking(), SeatBooking()
    await small_hall.apply(booking.manual("1-1"), booking.release())
    await small_hall.apply(next_holder.manual("1-1"))
    (result,) = await small_hall.apply(booking.release())
    assert isinstance(result, SeatsReleased)
    assert await small_hall.holds() == {str(next_holder.id): ("1-1",)}
    assert await small_hall.seats() == "r.... ..... ..... ....."


async def test_a_release_that_comes_before_its_reserve_refuses_it_for_good(
    small_hall: Hall,
) -> None:
    booking = SeatBooking()
    (released,) = await small_hall.apply(booking.release())
    assert isinstance(released, SeatsReleased)
    for _ in range(2):
        (result,) = await small_hall.apply(booking.best_available())
        assert refusal_of(result) == (RefusalReason.WITHDRAWN, ())
    assert await small_hall.seats() == "..... ..... ..... ....."


async def test_a_reserve_that_comes_again_after_its_release_takes_nothing(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.best_available(), booking.release())
    (result,) = await small_hall.apply(booking.best_available())
    assert refusal_of(result) == (RefusalReason.WITHDRAWN, ())
    assert await small_hall.seats() == "..... ..... ..... ....."


async def test_an_overtaken_release_changes_nothing(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1", seq=5))
    (result,) = await small_hall.apply(booking.release(seq=4))
    assert isinstance(result, SeatsReleased)
    assert result.seq == 4
    assert await small_hall.seats() == "r.... ..... ..... ....."


async def test_a_release_of_a_refused_booking_frees_nobodys_seats(small_hall: Hall) -> None:
    winner, loser = SeatBooking(), SeatBooking()
    await small_hall.apply(winner.manual("1-1"), loser.manual("1-1"), loser.release())
    assert await small_hall.holds() == {str(winner.id): ("1-1",)}
    assert await small_hall.seats() == "r.... ..... ..... ....."


async def test_sold_seats_can_be_released(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"), booking.finalize(), booking.release(seq=3))
    assert await small_hall.seats() == "..... ..... ..... ....."


# --- finalize ------------------------------------------------------------------------------------


async def test_finalized_seats_are_sold_once_and_for_all(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1", "1-2"))
    for _ in range(2):
        (result,) = await small_hall.apply(booking.finalize())
        assert isinstance(result, SeatsFinalized)
    assert await small_hall.seats() == "ss... ..... ..... ....."
    assert await small_hall.holds() == {str(booking.id): ("1-1", "1-2")}


async def test_an_overtaken_finalize_sells_nothing(small_hall: Hall) -> None:
    booking = SeatBooking()
    await small_hall.apply(booking.manual("1-1"), booking.release(seq=3))
    (result,) = await small_hall.apply(booking.finalize(seq=2))
    assert isinstance(result, SeatsFinalized)
    assert await small_hall.seats() == "..... ..... ..... ....."


# --- deadlines -----------------------------------------------------------------------------------


async def test_an_unknown_reserve_past_its_deadline_is_refused_for_good(small_hall: Hall) -> None:
    booking = SeatBooking()
    late = booking.best_available(deadline=NOW - timedelta(seconds=1))
    (result,) = await small_hall.apply(late)
    assert refusal_of(result) == (RefusalReason.TOO_LATE, ())
    earlier = NOW - timedelta(minutes=5)
    (again,) = await small_hall.store.apply([late], now=earlier)
    assert refusal_of(again) == (RefusalReason.TOO_LATE, ())


async def test_a_known_reserve_gets_its_seats_again_however_late(small_hall: Hall) -> None:
    command = SeatBooking().best_available(deadline=NOW)
    first = await small_hall.apply(command)
    assert positions_of(first[0])
    again = await small_hall.store.apply([command], now=NOW + timedelta(days=1))
    assert again == first


# --- batches -------------------------------------------------------------------------------------


async def test_one_batch_reaches_over_subsections_and_events_and_days(
    seat_store: SeatStore,
) -> None:
    places = [(event, section, number) for event in (1, 2) for section in "AB" for number in (1, 2)]
    for event in (1, 2):
        here = [layout(2, 3, section=s, subsection=n) for e, s, n in places if e == event]
        await seat_store.install(event, EPOCH, [snapshot(each) for each in here])
    commands: list[ReserveSeats] = [
        SeatBooking(event, section, number, booked_at=NOW - timedelta(days=age)).best_available()
        for age in (0, 1, 2)
        for event, section, number in places
    ]
    results = await seat_store.apply(commands, now=NOW - timedelta(days=2))
    assert [result.booking_id for result in results] == [each.booking_id for each in commands]
    # One seat, then the only other that leaves none alone is in the row behind, and so on.
    assert len({(r.event_id, r.section, r.subsection, positions_of(r)) for r in results}) == 24
    for event in (1, 2):
        counts = await seat_store.counts(event)
        assert set(counts.values()) == {SeatCounts(3, 3, 0, 0)}
        assert set(counts) == {("A", 1), ("A", 2), ("B", 1), ("B", 2)}
    assert len(await seat_store.holds(1, "A", 1, [TODAY])) == 1
    assert len(await seat_store.holds(1, "A", 1, [TODAY, "20300516", "20300515"])) == 3


async def test_an_empty_batch_has_no_results(seat_store: SeatStore) -> None:
    no_commands: Sequence[SeatCommand] = ()
    assert await seat_store.apply(no_commands, now=NOW) == []


async def test_a_batch_of_thousands_in_one_subsection(seat_store: SeatStore) -> None:
    of = layout(100, 100)
    await seat_store.install(EVENT, EPOCH, [snapshot(of)])
    commands = [SeatBooking().best_available(2) for _ in range(5_100)]
    results = await seat_store.apply(commands, now=NOW)
    held = [each.positions for each in results if isinstance(each, SeatsReserved)]
    assert len({position for positions in held for position in positions}) == 10_000
    assert (await seat_store.counts(EVENT))["A", 1] == SeatCounts(0, 10_000, 0, 0)
    assert await seat_store.apply(commands, now=NOW) == results


async def test_a_store_that_answers_passes_its_check(seat_store: SeatStore) -> None:
    await seat_store.check()
