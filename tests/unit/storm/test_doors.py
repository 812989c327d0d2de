"""What the checker says of who was let in."""

import pytest

from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, EVENT, OnSale, sold_one
from tests.builders.storm_wrong_doors import (
    USED,
    VOID,
    WRONG_DOORS,
    both_doors_let_in,
    let_in,
    scan,
)
from tests.builders.storm_wrong_sellers import call_off, end_with_its_event


def found(sale: OnSale) -> set[Verdict]:
    return {each.verdict for each in check(sale.operations, sale.state(), BEGAN_AT)}


@pytest.mark.parametrize("plant", WRONG_DOORS)
def test_a_wrong_answer_at_a_door_is_found(plant: object) -> None:
    sale = sold_one()
    assert callable(plant)
    plant(sale)
    wrong = Verdict.DOUBLED if plant is both_doors_let_in else Verdict.CONTRADICTION
    assert found(sale) == {wrong}


def test_one_is_let_in_and_the_others_are_sent_away() -> None:
    sale = sold_one()
    scan(sale, 5.0, USED, door=2)
    let_in(sale)
    scan(sale, 6.0, USED)
    scan(sale, 6.0, VOID, is_forged=True)
    scan(sale, 6.0, VOID, event_id=EVENT + 1)
    scan(sale, 7.0, (503, "UNAVAILABLE"))
    assert found(sale) == set()


def test_a_door_that_heard_nothing_may_have_let_in() -> None:
    sale = sold_one()
    let_in(sale)
    sale.operations[-1].status = sale.operations[-1].answered_at = None
    scan(sale, 6.0, USED)
    assert found(sale) == set()


def test_a_ticket_is_good_until_its_event_is_called_off_and_void_then() -> None:
    sale = sold_one()
    let_in(sale, 2.0)
    end_with_its_event(sale)
    sale.changes.clear()
    scan(sale, 5.0, USED)
    scan(sale, 5.0, VOID, door=2)
    scan(sale, 6.0, VOID)
    assert found(sale) == set()


def test_a_call_to_end_that_was_not_answered_may_have_made_a_ticket_void() -> None:
    sale = sold_one()
    end_with_its_event(sale)
    sale.operations[-1].status = sale.operations[-1].answered_at = None
    scan(sale, 6.0, VOID)
    call_off(sale, 7.0)
    assert found(sale) == set()
