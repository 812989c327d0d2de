"""A booking may end only for a reason that the history or the clock gives."""

from collections.abc import Callable

import pytest

from storm.checker.calm import Span
from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, PRICE, OnSale, asked, at, sold_one
from tests.builders.storm_wrong_endings import WRONG_ENDINGS, told_too_late_and_cancelled


@pytest.mark.parametrize("plant", WRONG_ENDINGS)
def test_an_ending_without_its_cause_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    found = check(sale.operations, sale.state(), BEGAN_AT)
    assert {violation.verdict for violation in found} == {Verdict.CONTRADICTION}


def withdrawn_without_an_answer(sale: OnSale) -> None:
    sale.saw("book", "carl", (4.0, None), None, asked=asked("1-3"))
    sale.stands("c", "cancelled", "1-3", buyer_id=3)


def failed_where_somebody_sits(sale: OnSale) -> None:
    sale.accepted("c", "carl", 4.0, "1-1")
    sale.stands("c", "failed", "1-1", buyer_id=3, failure_reason="seat_conflict")


def refused_where_somebody_may_sit(sale: OnSale) -> None:
    # Her request had no answer, and its effect until it was withdrawn.
    wanted = asked("1-1") | {"subsection": 2}
    sale.saw("book", "dora", (4.0, None), None, asked=wanted)
    sale.saw("book", "carl", (4.1, 4.2), 409, {"code": "SEAT_CONFLICT"}, asked=wanted)
    sale.stands("d", "cancelled", "1-1", buyer_id=4, subsection=2)


def sold_out_by_somebody_who_gave_up(sale: OnSale) -> None:
    # Which two seats she had for a moment is not known.
    sale.accepted("d", "dora", 4.0, quantity=2)
    sale.saw("cancel", "dora", (4.2, 4.3), 200, {"status": "cancelled"}, booking_id="d")
    sale.stands("d", "cancelled", quantity=2, buyer_id=4, mode="best_available")
    sale.saw("book", "carl", (4.5, 4.6), 409, {"code": "SOLD_OUT"}, asked=asked("1-3"))


def too_late_after_a_long_time(sale: OnSale) -> None:
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.outages.append(Span(4.0, 1_000.0))
    what = {"failure_reason": "too_late", "updated_at": at(1_000.0)}
    sale.stands("c", "failed", "1-3", buyer_id=3, **what)


def cancelled_after_the_hold_had_run_out(sale: OnSale) -> None:
    # The job that releases it has not come yet, and the buyer is faster.
    told_too_late_and_cancelled(sale, expires_after=8.05)


def unknown_money_was_handed_back(sale: OnSale) -> None:
    sale.charge(None, "pay unknown", returned=PRICE)


@pytest.mark.parametrize(
    "happen",
    [
        withdrawn_without_an_answer,
        failed_where_somebody_sits,
        refused_where_somebody_may_sit,
        sold_out_by_somebody_who_gave_up,
        too_late_after_a_long_time,
        cancelled_after_the_hold_had_run_out,
        unknown_money_was_handed_back,
    ],
)
def test_an_ending_with_its_cause_is_in_order(happen: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    happen(sale)
    assert check(sale.operations, sale.state(), BEGAN_AT, sale.outages) == []
