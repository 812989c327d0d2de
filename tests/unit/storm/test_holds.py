"""A hold is as long as its event grants, and is given back soon after."""

from collections.abc import Callable

import pytest

from storm.checker.calm import Span
from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, OnSale, sold_one
from tests.builders.storm_wrong_holds import HELD_UNTIL, WRONG_HOLDS, expired

CARD = {"card": "good"}


@pytest.mark.parametrize("plant", WRONG_HOLDS)
def test_a_hold_of_another_length_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    found = check(sale.operations, sale.state(), BEGAN_AT)
    assert Verdict.CONTRADICTION in {violation.verdict for violation in found}


def released_in_its_time(sale: OnSale) -> None:
    expired(sale, ended_at=HELD_UNTIL + 0.5)


def released_after_an_outage(sale: OnSale) -> None:
    expired(sale, ended_at=HELD_UNTIL + 60.0)
    sale.outages.append(Span(HELD_UNTIL - 5.0, HELD_UNTIL + 55.0))


def released_after_a_payment_came_to_nothing(sale: OnSale) -> None:
    expired(sale, ended_at=HELD_UNTIL + 30.0)
    problem = {"code": "PAYMENT_UNKNOWN"}
    sale.saw("pay", "carl", (60.0, 61.0), 504, problem, booking_id="c", asked=CARD)


@pytest.mark.parametrize(
    "happen",
    [
        released_in_its_time,
        released_after_an_outage,
        released_after_a_payment_came_to_nothing,
    ],
)
def test_a_hold_that_had_to_wait_is_in_order(happen: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    happen(sale)
    assert check(sale.operations, sale.state(), BEGAN_AT, sale.outages) == []


def test_an_outage_excuses_no_more_than_itself() -> None:
    sale = sold_one()
    released_after_an_outage(sale)
    sale.outages[:] = [Span(HELD_UNTIL - 5.0, HELD_UNTIL + 40.0)]
    assert check(sale.operations, sale.state(), BEGAN_AT, sale.outages)


def test_a_declined_card_keeps_a_hold_no_longer() -> None:
    sale = sold_one()
    expired(sale, ended_at=HELD_UNTIL + 30.0)
    problem = {"code": "PAYMENT_DECLINED"}
    asked = {"card": "declined"}
    sale.saw("pay", "carl", (60.0, 61.0), 402, problem, booking_id="c", asked=asked)
    assert check(sale.operations, sale.state(), BEGAN_AT)
