"""Each kind of violation is planted into a history that is in order, and must be found."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from storm.checker.check import CHECKS, check
from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import Charge
from tests.builders.storm_history import BEGAN_AT, PLACE, PRICE, SEATS, OnSale, asked, sold_one
from tests.builders.storm_lateness import LATENESS
from tests.builders.storm_wrong_doors import WRONG_DOORS
from tests.builders.storm_wrong_endings import WRONG_ENDINGS
from tests.builders.storm_wrong_holds import WRONG_HOLDS
from tests.builders.storm_wrong_refusals import WRONG_REFUSALS
from tests.builders.storm_wrong_sellers import WRONG_SELLERS
from tests.builders.storm_wrong_streams import WRONG_STREAMS
from tests.builders.storm_wrong_webhooks import WRONG_WEBHOOKS

Plant = Callable[[OnSale], None]


def test_a_sale_in_order_shows_no_violation() -> None:
    sale = sold_one()
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def test_a_seat_that_was_given_back_may_be_sold_again() -> None:
    sale = sold_one()
    sale.accepted("c", "carl", 4.0, "1-2")
    sale.read("c", "carl", 5.0, "pending_payment", "1-2")
    sale.read("c", "carl", 6.0, "pending_payment", "1-2")
    sale.stands("c", "pending_payment", "1-2", buyer_id=3)
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def test_a_request_without_an_answer_promises_nothing() -> None:
    sale = sold_one()
    sale.saw("book", "carl", (4.0, None), None, asked=asked("1-3"))
    assert check(sale.operations, sale.state(), BEGAN_AT) == []
    # It may have had its effect all the same.
    sale.stands("c", "pending_payment", "1-3", buyer_id=3)
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def two_rows_with_a_seat(sale: OnSale) -> None:
    sale.accepted("c", "carl", 4.0, "1-1")
    sale.stands("c", "pending_payment", "1-1", buyer_id=3)


def two_buyers_told_completed(sale: OnSale) -> None:
    # The ledger has forgotten it: only what the client was shown gives it away.
    sale.accepted("c", "carl", 5.0, "1-1")
    sale.read("c", "carl", 6.0, "completed", "1-1")
    sale.stands("c", "cancelled", "1-1", buyer_id=3)


def two_buyers_told_at_overlapping_times(sale: OnSale) -> None:
    sale.accepted("c", "carl", 1.0, "1-3")
    sale.read("c", "carl", 2.0, "pending_payment", "1-3")
    sale.read("c", "carl", 5.0, "pending_payment", "1-3")
    sale.stands("c", "cancelled", "1-3", buyer_id=3)
    sale.accepted("d", "dora", 3.0, "1-3")
    sale.read("d", "dora", 3.5, "pending_payment", "1-3")
    sale.read("d", "dora", 4.0, "pending_payment", "1-3")
    sale.stands("d", "cancelled", "1-3", buyer_id=4)


def a_ticket_of_two_bookings(sale: OnSale) -> None:
    tickets = list(sale.state().tickets)
    tickets[0] = replace(tickets[0], joined_to="b")
    sale.changes["tickets"] = tickets


def a_key_made_two_bookings(sale: OnSale) -> None:
    sale.accepted("c", "anna", 4.0, "1-3", key="k")
    sale.stands("c", "pending_payment", "1-3")


def a_key_stands_twice(sale: OnSale) -> None:
    sale.saw("book", "anna", (4.0, None), None, asked=asked("1-3"))
    sale.stands("c", "pending_payment", "1-3", key="k")


def a_booking_nobody_asked_for(sale: OnSale) -> None:
    sale.stands("c", "pending_payment", "1-3", "1-4")


def paid_twice(sale: OnSale) -> None:
    paid = {"id": "a", "status": "completed", "payment_id": "pay a"}
    sale.saw("pay", "anna", (5.0, 5.1), 200, paid, booking_id="a")


def cancelled_twice(sale: OnSale) -> None:
    again = {"id": "b", "status": "cancelled"}
    sale.saw("cancel", "bert", (5.0, 5.1), 200, again, booking_id="b")


DOUBLING = [
    two_rows_with_a_seat,
    two_buyers_told_completed,
    two_buyers_told_at_overlapping_times,
    a_ticket_of_two_bookings,
    a_key_made_two_bookings,
    a_key_stands_twice,
    a_booking_nobody_asked_for,
    paid_twice,
    cancelled_twice,
]


@pytest.mark.parametrize("plant", DOUBLING)
def test_what_happened_twice_is_found(plant: Plant) -> None:
    assert Verdict.DOUBLED in verdicts_with(plant)


def an_accepted_booking_is_gone(sale: OnSale) -> None:
    sale.accepted("c", "carl", 4.0, "1-3")


def test_a_lost_booking_is_found() -> None:
    assert verdicts_with(an_accepted_booking_is_gone) == {Verdict.LOST}


def still_processing(sale: OnSale) -> None:
    sale.accepted("c", "carl", 4.0, quantity=1)
    sale.stands("c", "processing", quantity=1, mode="best_available")


def a_command_still_owed(sale: OnSale) -> None:
    sale.change("b", command="release")


def a_payment_still_open(sale: OnSale) -> None:
    sale.changes["open_attempts"] = ["b"]


def no_rest_in_time(sale: OnSale) -> None:
    sale.changes["unfinished"] = ["event 1 owes a load"]


STICKING = [still_processing, a_command_still_owed, a_payment_still_open, no_rest_in_time]


@pytest.mark.parametrize("plant", STICKING)
def test_what_does_not_end_is_found(plant: Plant) -> None:
    assert verdicts_with(plant) == {Verdict.STUCK}


def not_found(sale: OnSale) -> None:
    problem = {"code": "BOOKING_NOT_FOUND"}
    sale.saw("read", "anna", (1.2, 1.3), 404, problem, booking_id="a")


def denied_to_its_owner(sale: OnSale) -> None:
    sale.saw("pay", "anna", (1.2, 1.3), 403, {"code": "NOT_OWNER"}, booking_id="a")


def no_answer_after_the_storm(sale: OnSale) -> None:
    sale.saw("final read", "anna", (9.0, None), None, booking_id="a")


HIDING = [not_found, denied_to_its_owner, no_answer_after_the_storm]


@pytest.mark.parametrize("plant", HIDING)
def test_an_unreadable_promise_is_found(plant: Plant) -> None:
    assert verdicts_with(plant) == {Verdict.UNREADABLE}


def test_a_booking_may_be_unknown_before_it_was_promised() -> None:
    sale = sold_one()
    problem = {"code": "BOOKING_NOT_FOUND"}
    sale.saw("read", "anna", (1.05, 1.3), 404, problem, booking_id="a")
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def stored_otherwise_than_asked(sale: OnSale) -> None:
    sale.operations[0].asked["seat_positions"] = ["1-4"]


def bitmap_differs(sale: OnSale) -> None:
    place = sale.state().places[PLACE]
    spoilt = replace(place, states=["available", *place.states[1:]])
    sale.changes["places"] = {PLACE: spoilt}


def bitmap_is_short(sale: OnSale) -> None:
    place = sale.state().places[PLACE]
    sale.changes["places"] = {PLACE: replace(place, states=place.states[:-1])}


def counters_differ(sale: OnSale) -> None:
    place = sale.state().places[PLACE]
    spoilt = replace(place, counts={**place.counts, "sold": 2})
    sale.changes["places"] = {PLACE: spoilt}


def the_store_remembers_another_hold(sale: OnSale) -> None:
    place = sale.state().places[PLACE]
    spoilt = replace(place, holds={**place.holds, "b": frozenset({"1-2"})})
    sale.changes["places"] = {PLACE: spoilt}


def ticket_without_its_booking(sale: OnSale) -> None:
    tickets = list(sale.state().tickets)
    tickets[0] = replace(tickets[0], status="available", booking_id=None, joined_to=None)
    sale.changes["tickets"] = tickets


def too_few_seats(sale: OnSale) -> None:
    sale.change("a", quantity=2)


def price_is_not_the_sum(sale: OnSale) -> None:
    sale.change("a", total_price=PRICE + 1)


def another_price_was_shown(sale: OnSale) -> None:
    sale.operations[2].body["total_price"] = PRICE - 1


def verify_found_something(sale: OnSale) -> None:
    sale.changes.update(verify_is_clean=False, verify_output="1 difference")


def status_went_backwards(sale: OnSale) -> None:
    sale.read("a", "anna", 5.0, "pending_payment", "1-1")


def shown_final_and_then_otherwise(sale: OnSale) -> None:
    sale.read("b", "bert", 5.0, "failed")


def seats_changed(sale: OnSale) -> None:
    sale.read("a", "anna", 2.5, "pending_payment", "1-4")


def told_paid_and_is_not(sale: OnSale) -> None:
    sale.stands("a", "cancelled", "1-1", key="k")


def told_cancelled_and_is_not(sale: OnSale) -> None:
    sale.stands("b", "completed", "1-2", buyer_id=2)


def told_too_late_and_was_completed(sale: OnSale) -> None:
    sale.saw("pay", "anna", (2.5, 2.6), 410, {"code": "HOLD_EXPIRED"}, booking_id="a")


def money_was_taken_twice(sale: OnSale) -> None:
    sale.charges.append(Charge(booking_id="a", payment_id="pay a again", taken=PRICE))


def money_was_taken_for_nothing(sale: OnSale) -> None:
    sale.charges.append(Charge(booking_id="b", payment_id="pay b", taken=PRICE))


def no_money_was_taken(sale: OnSale) -> None:
    sale.charges.clear()


def somebody_saw_what_is_not_theirs(sale: OnSale) -> None:
    sale.saw("probe", "other buyer", (2.0, 2.1), 200, booking_id="a", allowed=(403,))


def an_internal_error(sale: OnSale) -> None:
    sale.saw("read", "anna", (2.0, 2.1), 500, {"code": "INTERNAL_ERROR"}, booking_id="a")


def a_repeated_key_was_refused(sale: OnSale) -> None:
    sale.saw(
        "book", "anna", (2.0, 2.1), 422, {"code": "IDEMPOTENCY_KEY_REUSED"}, key="k", asked=asked()
    )


CONTRADICTING = [
    stored_otherwise_than_asked,
    bitmap_differs,
    bitmap_is_short,
    counters_differ,
    the_store_remembers_another_hold,
    ticket_without_its_booking,
    too_few_seats,
    price_is_not_the_sum,
    another_price_was_shown,
    verify_found_something,
    status_went_backwards,
    shown_final_and_then_otherwise,
    seats_changed,
    told_paid_and_is_not,
    told_cancelled_and_is_not,
    told_too_late_and_was_completed,
    money_was_taken_twice,
    money_was_taken_for_nothing,
    no_money_was_taken,
    somebody_saw_what_is_not_theirs,
    an_internal_error,
    a_repeated_key_was_refused,
]


@pytest.mark.parametrize("plant", CONTRADICTING)
def test_a_contradiction_is_found(plant: Plant) -> None:
    assert Verdict.CONTRADICTION in verdicts_with(plant)


PLANTS = [
    an_accepted_booking_is_gone,
    *DOUBLING,
    *STICKING,
    *HIDING,
    *CONTRADICTING,
    *WRONG_ENDINGS,
    *WRONG_HOLDS,
    *WRONG_REFUSALS,
    *LATENESS,
    *WRONG_STREAMS,
    *WRONG_SELLERS,
    *WRONG_DOORS,
    *WRONG_WEBHOOKS,
]


@pytest.mark.parametrize("one_check", CHECKS, ids=lambda one_check: one_check.__name__)
def test_every_check_finds_something_of_what_is_planted(
    one_check: Callable[[Evidence], Iterator[Violation]],
) -> None:
    for plant in PLANTS:
        sale = sold_one()
        plant(sale)
        if list(one_check(Evidence(sale.operations, sale.state(), BEGAN_AT))):
            return
    pytest.fail("it found nothing, whatever was planted")


def test_money_that_was_handed_back_is_not_kept() -> None:
    sale = sold_one()
    sale.charges.append(Charge(booking_id="b", payment_id="x", taken=PRICE, returned=PRICE))
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def test_answers_that_overlap_may_come_in_any_order() -> None:
    sale = sold_one()
    # Sent before the payment was answered, answered after it: both statuses are true.
    body = {"id": "a", "status": "pending_payment", "seat_positions": [SEATS[0]]}
    sale.saw("read", "anna", (3.1, 5.0), 200, body | {"total_price": PRICE}, booking_id="a")
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def verdicts_with(plant: Plant) -> set[Verdict]:
    """What is found once the violation is planted."""
    sale = sold_one()
    plant(sale)
    return {violation.verdict for violation in check(sale.operations, sale.state(), BEGAN_AT)}
