"""What the checker says of what a seller's webhook was told."""

from collections.abc import Callable

import pytest

from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, EVENT, OnSale, sold_one
from tests.builders.storm_wrong_sellers import end_with_its_event
from tests.builders.storm_wrong_webhooks import (
    CANCELLED,
    COMPLETED,
    NOON,
    ONE_O_CLOCK,
    TOLD_TWICE,
    UNTOLD,
    WRONG_WEBHOOKS,
    tell_all,
    told,
    told_sold_out,
)


def found(sale: OnSale) -> set[Verdict]:
    return {each.verdict for each in check(sale.operations, sale.state(), BEGAN_AT)}


@pytest.mark.parametrize("plant", WRONG_WEBHOOKS)
def test_what_is_told_wrong_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    expected = {Verdict.LOST if plant in UNTOLD else Verdict.CONTRADICTION}
    if plant in TOLD_TWICE:
        expected = {Verdict.DOUBLED}
    assert found(sale) == expected


def test_what_is_told_in_order_is_in_order_however_often() -> None:
    sale = sold_one()
    heard = tell_all(sale)
    heard += heard
    assert found(sale) == set()


def test_a_booking_that_ended_with_its_event_is_told_twice_over() -> None:
    sale = sold_one()
    end_with_its_event(sale)
    sold, ended = told("a", COMPLETED, "1-1"), told("a", CANCELLED, "1-1")
    # An earlier one may come again after a later one: its first arrival counts.
    sale.changes["told"] = [sold, told("b", CANCELLED, "1-2"), ended, sold]
    assert found(sale) == set()


def test_an_event_is_told_to_be_sold_out_each_time_and_however_often() -> None:
    sale = sold_one()
    heard = tell_all(sale)
    heard += [told_sold_out(NOON), told_sold_out(ONE_O_CLOCK), told_sold_out(NOON)]
    sale.changes["sold_out"] = frozenset({EVENT})
    assert found(sale) == set()


def test_a_webhook_that_was_off_need_not_be_told_everything() -> None:
    sale = sold_one()
    sale.changes["also_told"] = tell_all(sale)[:1]
    assert found(sale) == set()
