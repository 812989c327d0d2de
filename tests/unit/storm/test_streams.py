"""What is streamed is judged like what is asked for."""

from collections.abc import Callable

import pytest

from storm.checker.calm import Span
from storm.checker.check import check
from storm.checker.violation import Verdict
from storm.history import LEFT
from tests.builders.storm_history import BEGAN_AT, OnSale, sold_one
from tests.builders.storm_wrong_streams import SEATS, SEEN, WRONG_STREAMS


@pytest.mark.parametrize("plant", WRONG_STREAMS)
def test_a_stream_that_shows_what_is_not_so_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    found = {violation.verdict for violation in check(sale.operations, sale.state(), BEGAN_AT)}
    assert found
    assert found <= {Verdict.CONTRADICTION, Verdict.LATE}


def followed_to_the_end(sale: OnSale) -> None:
    sale.followed("a", "anna", (1.2, 3.3), *SEEN, seats=SEATS)


def followed_from_the_end(sale: OnSale) -> None:
    sale.followed("a", "anna", (5.0, 5.2), (5.1, "completed"), seats=SEATS)


def left_before_the_end(sale: OnSale) -> None:
    sale.followed("a", "anna", (1.2, 2.5), *SEEN[:2], seats=SEATS, ended=LEFT)


def broken_by_a_fault(sale: OnSale) -> None:
    sale.followed("a", "anna", (1.2, 2.0), SEEN[0], seats=SEATS, ended="ReadError: reset")
    sale.followed("a", "anna", (2.5, 3.3), (2.6, "pending_payment"), SEEN[-1], seats=SEATS)
    sale.outages.append(Span(1.5, 2.4))


def kept_waiting_by_a_fault(sale: OnSale) -> None:
    sale.followed("a", "anna", (1.2, 40.0), *SEEN[:2], (39.0, "completed"), seats=SEATS)
    sale.outages.append(Span(3.0, 35.0))


def a_hold_that_came_and_went_between_two_frames(sale: OnSale) -> None:
    sale.followed("a", "anna", (1.2, 3.3), SEEN[0], SEEN[-1], seats=SEATS)


def looked_at_until_the_last_seat(sale: OnSale) -> None:
    sale.viewed((1.0, 0, 0), (2.0, 2, 0), (3.0, 0, 1))


def looked_at_again_after_a_fault(sale: OnSale) -> None:
    first = sale.viewed((1.0, 0, 0), (2.0, 2, 0))
    first.ended_at, first.ended = 2.1, "ReadError: reset"
    sale.viewed((3.4, 0, 1))
    sale.outages.append(Span(2.0, 3.0))


@pytest.mark.parametrize(
    "happen",
    [
        followed_to_the_end,
        followed_from_the_end,
        left_before_the_end,
        broken_by_a_fault,
        kept_waiting_by_a_fault,
        a_hold_that_came_and_went_between_two_frames,
        looked_at_until_the_last_seat,
        looked_at_again_after_a_fault,
    ],
)
def test_a_stream_in_order_is_clean(happen: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    happen(sale)
    assert check(sale.operations, sale.state(), BEGAN_AT, sale.outages) == []


def test_a_frame_is_a_sighting_like_an_answer() -> None:
    sale = sold_one()
    sale.accepted("c", "carl", 5.0, "1-1")
    seen = (5.2, "processing"), (5.3, "pending_payment")
    sale.followed("c", "carl", (5.1, 6.0), *seen, seats=SEATS, ended=LEFT)
    sale.stands("c", "cancelled", "1-1", buyer_id=3)
    found = {violation.verdict for violation in check(sale.operations, sale.state(), BEGAN_AT)}
    assert Verdict.DOUBLED not in found
    # Seen held again by a request that was sent later: it was held in between.
    sale.read("c", "carl", 7.0, "pending_payment", "1-1")
    found = {violation.verdict for violation in check(sale.operations, sale.state(), BEGAN_AT)}
    assert Verdict.DOUBLED in found


def test_a_stream_that_is_denied_to_its_buyer_is_found() -> None:
    sale = sold_one()
    sale.saw("follow", "anna", (2.0, 2.1), 404, {"code": "BOOKING_NOT_FOUND"}, booking_id="a")
    found = {violation.verdict for violation in check(sale.operations, sale.state(), BEGAN_AT)}
    assert found == {Verdict.UNREADABLE}
