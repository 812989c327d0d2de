"""What the checker says of what a seller's webhook was told."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, OnSale, sold_one
from tests.builders.storm_wrong_sellers import end_with_its_event
from tests.builders.storm_wrong_webhooks import (
    CANCELLED,
    COMPLETED,
    UNTOLD,
    WRONG_WEBHOOKS,
    tell_all,
    the_same_was_told_as_two_messages,
    told,
)


def found(sale: OnSale) -> set[Verdict]:
    return {each.verdict for each in check(sale.operations, sale.state(), BEGAN_AT)}


@pytest.mark.parametrize("plant", WRONG_WEBHOOKS)
def test_what_is_told_wrong_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    expected = {Verdict.LOST if plant in UNTOLD else Verdict.CONTRADICTION}
    if plant is the_same_was_told_as_two_messages:
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


def test_events_that_are_sold_out_are_of_no_booking() -> None:
    sale = sold_one()
    heard = tell_all(sale)
    heard.append(replace(heard[0], message_id="m", type="event.sold_out", data={"event_id": 1}))
    assert found(sale) == set()
