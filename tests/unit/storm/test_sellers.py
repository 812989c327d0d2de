"""What the checker says of what a seller did."""

from dataclasses import replace

import pytest

from storm.checker.check import check
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, EVENT, OnSale, asked, sold_one
from tests.builders.storm_wrong_sellers import (
    WRONG_SELLERS,
    block,
    call_off,
    end_with_its_event,
)


def found(sale: OnSale) -> set[Verdict]:
    return {each.verdict for each in check(sale.operations, sale.state(), BEGAN_AT)}


@pytest.mark.parametrize("plant", WRONG_SELLERS)
def test_what_does_not_hold_is_found(plant: object) -> None:
    sale = sold_one()
    assert callable(plant)
    plant(sale)
    assert Verdict.CONTRADICTION in found(sale)


def test_an_event_that_is_called_off_in_order_is_none() -> None:
    sale = sold_one()
    problem = {"code": "EVENT_NOT_ON_SALE"}
    end_with_its_event(sale)
    call_off(sale, 7.0, 409)
    sale.operations[-1].body["code"] = "EVENT_CANCELLED"
    sale.saw("book", "carl", (8.0, 8.1), 409, problem, event_id=EVENT, asked=asked("1-3"))
    assert found(sale) == set()


def test_a_hold_that_its_event_took_away_was_not_payable() -> None:
    sale = sold_one()
    sale.accepted("c", "carl", 1.0, "1-3")
    sale.read("c", "carl", 2.0, "pending_payment", "1-3")
    end_with_its_event(sale)
    refusal = {"code": "BOOKING_NOT_PAYABLE"}
    sale.saw("pay", "carl", (6.0, 6.1), 409, refusal, booking_id="c", asked={"card": "good"})
    sale.read("c", "carl", 6.5, "pending_payment", "1-3")
    sale.stands("c", "cancelled", "1-3", cancel_reason="event_cancelled", buyer_id=3)
    assert found(sale) == set()


def test_money_that_is_kept_for_an_event_that_is_off_is_found() -> None:
    sale = sold_one()
    end_with_its_event(sale)
    sale.charges[:] = [replace(charge, returned=0) for charge in sale.charges]
    assert Verdict.CONTRADICTION in found(sale)


@pytest.mark.parametrize("status", [200, None], ids=["answered", "not answered"])
def test_a_seat_that_was_blocked_is_blocked_everywhere(status: int | None) -> None:
    sale = sold_one()
    block(sale, "1-4", status=status)
    state = sale.state()
    place, stored = next(iter(state.places.items()))
    sale.changes["tickets"] = [*state.tickets[:-1], replace(state.tickets[-1], status="blocked")]
    sale.changes["places"] = {
        place: replace(
            stored,
            states=[*stored.states[:-1], "blocked"],
            counts={**stored.counts, "available": 2, "blocked": 1},
        )
    }
    # Whoever wanted it was refused rightly, also before it was answered that it is blocked.
    refusal = {"code": "SEAT_CONFLICT", "seats": ["1-4"]}
    sale.saw("book", "carl", (6.0, 6.1), 409, refusal, event_id=EVENT, asked=asked("1-4"))
    assert found(sale) == set()


def test_a_seat_that_was_put_back_may_be_on_offer() -> None:
    sale = sold_one()
    block(sale, "1-4")
    block(sale, "1-4", how="unblock")
    assert found(sale) == set()
