"""What every seat store does with a booking's commands when they repeat, overtake or come late."""

from datetime import timedelta

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatsFinalized,
    SeatsReleased,
)
from tests.builders.hall import Hall, positions_of, refusal_of
from tests.builders.seats import (
    NOW,
    SeatBooking,
    hall,
)

# --- the same command again ----------------------------------------------------------------------


async def test_a_booking_asked_again_gets_its_first_seats(small_hall: Hall) -> None:
    command = SeatBooking().best_available(2)
    first = await small_hall.apply(command)
    await small_hall.apply(SeatBooking().best_available(2))
    assert await small_hall.apply(command) == first
    assert await small_hall.seats() == "rrrr. ..... ..... ....."


async def test_a_booking_that_stands_twice_in_a_batch_gets_one_set_of_seats(
    small_hall: Hall,
) -> None:
    command = SeatBooking().best_available(2)
    other = SeatBooking().best_available(1)
    results = await small_hall.apply(command, other, command)
    assert results[0] == results[2]
    assert await small_hall.seats() == "rrr.. ..... ..... ....."


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
