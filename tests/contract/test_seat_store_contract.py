"""What every seat store does with reserves, releases and finalizes."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    ReserveSeats,
    SeatCommand,
    SeatsReserved,
)
from onsale.service.shared_kernel.seating import SeatCounts
from tests.builders.hall import Hall, SeatStore, positions_of, refusal_of
from tests.builders.seats import (
    EPOCH,
    EVENT,
    NOW,
    TODAY,
    SeatBooking,
    hall,
    layout,
    snapshot,
)

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
    of = layout(40, 50)
    await seat_store.install(EVENT, EPOCH, [snapshot(of)])
    commands = [SeatBooking().best_available() for _ in range(3_600)]
    results = await seat_store.apply(commands, now=NOW)
    held = [each.positions for each in results if isinstance(each, SeatsReserved)]
    assert len({position for positions in held for position in positions}) == 2_000
    assert (await seat_store.counts(EVENT))["A", 1] == SeatCounts(0, 2_000, 0, 0)
    assert await seat_store.apply(commands, now=NOW) == results


async def test_a_store_that_answers_passes_its_check(seat_store: SeatStore) -> None:
    await seat_store.check()
