"""An honest buyer is refused only what the state of things refuses."""

from collections.abc import Callable

import pytest

from storm.checker.calm import Span
from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, OnSale, sold_one
from tests.builders.storm_wrong_refusals import CARD, WRONG_REFUSALS, held, refuse


@pytest.mark.parametrize("plant", WRONG_REFUSALS)
def test_a_refusal_without_its_cause_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    found = check(sale.operations, sale.state(), BEGAN_AT)
    assert {violation.verdict for violation in found} == {Verdict.CONTRADICTION}


def not_payable_before_it_was_a_hold(sale: OnSale) -> None:
    held(sale)
    refuse(sale, "pay", "BOOKING_NOT_PAYABLE", seconds=4.2)


def not_cancellable_once_it_was_sold(sale: OnSale) -> None:
    problem = {"code": "BOOKING_NOT_CANCELLABLE"}
    sale.saw("cancel", "anna", (5.0, 5.1), 409, problem, booking_id="a")


def kept_off_by_a_payment_of_the_same_moment(sale: OnSale) -> None:
    held(sale)
    problem = {"code": "PAYMENT_DECLINED"}
    declined = {"card": "declined"}
    sale.saw("pay", "carl", (6.9, 7.5), 402, problem, booking_id="c", asked=declined)
    refuse(sale, "cancel", "PAYMENT_IN_PROGRESS")


def kept_off_by_a_payment_in_doubt(sale: OnSale) -> None:
    held(sale)
    sale.saw("pay", "carl", (6.0, None), None, booking_id="c", asked=CARD)
    refuse(sale, "cancel", "PAYMENT_IN_PROGRESS", seconds=30.0)


def kept_off_by_a_payment_in_doubt_through_an_outage(sale: OnSale) -> None:
    held(sale)
    sale.outages.append(Span(6.0, 90.0))
    sale.saw("pay", "carl", (6.0, None), None, booking_id="c", asked=CARD)
    refuse(sale, "cancel", "PAYMENT_IN_PROGRESS", seconds=126.0)


@pytest.mark.parametrize(
    "happen",
    [
        not_payable_before_it_was_a_hold,
        not_cancellable_once_it_was_sold,
        kept_off_by_a_payment_of_the_same_moment,
        kept_off_by_a_payment_in_doubt,
        kept_off_by_a_payment_in_doubt_through_an_outage,
    ],
)
def test_a_refusal_with_its_cause_is_in_order(happen: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    happen(sale)
    assert check(sale.operations, sale.state(), BEGAN_AT, sale.outages) == []
