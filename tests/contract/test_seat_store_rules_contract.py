"""What every seat store does with reserves that come with rules."""

from msgspec.structs import replace

from onsale.service.shared_kernel.seat_messages import RefusalReason, SeatsReserved
from onsale.service.shared_kernel.seat_rules import SeatRules
from tests.builders.hall import Hall, positions_of, refusal_of
from tests.builders.seats import SeatBooking, hall

# In four rows of five: the first row begins with a wheelchair place and the seat beside it.
KINDS = SeatRules(accessible=((0, 0), (15, 15)), companion=((1, 1),))
NO_SINGLES = SeatRules(leave_no_single_seats=True)


async def test_best_available_gives_no_seat_that_is_set_aside(small_hall: Hall) -> None:
    (result,) = await small_hall.apply(SeatBooking().best_by(KINDS, 3))
    assert positions_of(result) == ("1-3", "1-4", "1-5")


async def test_seats_that_are_set_aside_do_not_make_up_for_others(small_hall: Hall) -> None:
    await small_hall.load(hall("..rrr sssss sssss .bbbs"))
    (result,) = await small_hall.apply(SeatBooking().best_by(KINDS, 1))
    assert refusal_of(result) == (RefusalReason.SOLD_OUT, ())
    assert await small_hall.seats() == "..rrr sssss sssss .bbbs"


async def test_only_the_rows_of_a_category_are_given(small_hall: Hall) -> None:
    rows = SeatRules(rows=(3, 4))
    results = await small_hall.apply(*(SeatBooking().best_by(rows, 5) for _ in range(3)))
    assert [positions_of(each)[0] for each in results[:2]] == ["3-1", "4-1"]
    assert refusal_of(results[2]) == (RefusalReason.SOLD_OUT, ())


async def test_a_category_gives_the_largest_groups_where_no_row_has_room(small_hall: Hall) -> None:
    await small_hall.load(hall("..... r.r.. r...r ....."))
    (result,) = await small_hall.apply(SeatBooking().best_by(SeatRules(rows=(2, 3)), 5))
    assert positions_of(result) == ("2-4", "2-5", "3-2", "3-3", "3-4")


async def test_accessible_seats_come_with_their_company_in_one_row(small_hall: Hall) -> None:
    wanted = replace(KINDS, accessible_seats=1)
    results = await small_hall.apply(*(SeatBooking().best_by(wanted, 2) for _ in range(3)))
    assert positions_of(results[0]) == ("1-1", "1-2")
    assert positions_of(results[1]) == ("4-1", "4-2")
    assert refusal_of(results[2]) == (RefusalReason.SOLD_OUT, ())


async def test_no_more_seats_are_taken_from_those_set_aside_than_must_be(small_hall: Hall) -> None:
    wheelchairs = SeatRules(accessible=((1, 2),), companion=((3, 3),), accessible_seats=1)
    (result,) = await small_hall.apply(SeatBooking().best_by(wheelchairs, 2))
    assert positions_of(result) == ("1-1", "1-2")


async def test_seats_that_are_set_aside_may_be_named(small_hall: Hall) -> None:
    (result,) = await small_hall.apply(SeatBooking().manual("1-1", "1-2"))
    assert positions_of(result) == ("1-1", "1-2")


async def test_a_choice_that_leaves_a_seat_alone_is_refused_for_good(small_hall: Hall) -> None:
    booking = SeatBooking()
    command = booking.manual_by(NO_SINGLES, "2-2", "2-3")
    (first,) = await small_hall.apply(command)
    assert refusal_of(first) == (RefusalReason.ORPHAN_SEAT, ("2-1",))
    # Its neighbours are gone by now, so that the same choice would leave none alone any more.
    await small_hall.apply(SeatBooking().manual("2-1"))
    assert await small_hall.apply(command) == [first]
    assert await small_hall.seats() == "..... r.... ..... ....."
    (anew,) = await small_hall.apply(SeatBooking().manual_by(NO_SINGLES, "2-2", "2-3"))
    assert positions_of(anew) == ("2-2", "2-3")


async def test_a_seat_may_be_left_alone_where_it_cannot_be_helped(small_hall: Hall) -> None:
    await small_hall.load(hall("...rr ..... ..... ....."))
    (result,) = await small_hall.apply(SeatBooking().manual_by(NO_SINGLES, "1-1", "1-2"))
    assert positions_of(result) == ("1-1", "1-2")


async def test_a_seat_that_was_alone_before_is_nobodys_fault(small_hall: Hall) -> None:
    await small_hall.load(hall(".r... ..... ..... ....."))
    (result,) = await small_hall.apply(SeatBooking().manual_by(NO_SINGLES, "1-3", "1-4", "1-5"))
    assert isinstance(result, SeatsReserved)


async def test_nobody_is_pointed_to_seats_that_are_set_aside(small_hall: Hall) -> None:
    """The seats at both ends would leave none alone, but they are for others."""
    await small_hall.load(hall("....r ..... ..... ....."))
    rules = replace(NO_SINGLES, accessible=((0, 0),), companion=((3, 3),))
    (result,) = await small_hall.apply(SeatBooking().manual_by(rules, "1-2", "1-3"))
    assert positions_of(result) == ("1-2", "1-3")


async def test_who_names_such_a_seat_may_be_pointed_to_others(small_hall: Hall) -> None:
    await small_hall.load(hall("....r ..... ..... ....."))
    rules = replace(NO_SINGLES, accessible=((1, 2),))
    (result,) = await small_hall.apply(SeatBooking().manual_by(rules, "1-2", "1-3"))
    assert refusal_of(result) == (RefusalReason.ORPHAN_SEAT, ("1-1", "1-4"))


async def test_seats_that_are_taken_are_told_before_those_left_alone(small_hall: Hall) -> None:
    await small_hall.load(hall("...r. ..... ..... ....."))
    (result,) = await small_hall.apply(SeatBooking().manual_by(NO_SINGLES, "1-2", "1-4"))
    assert refusal_of(result) == (RefusalReason.SEAT_CONFLICT, ("1-4",))


async def test_rules_that_name_seats_outside_the_hall_are_good_for_the_rest(
    small_hall: Hall,
) -> None:
    rules = SeatRules(rows=(4, 900), accessible=((15, 15), (18, 9_000)))
    (result,) = await small_hall.apply(SeatBooking().best_by(rules, 2))
    assert positions_of(result) == ("4-2", "4-3")
