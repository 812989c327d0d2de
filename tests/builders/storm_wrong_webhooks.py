"""What a webhook may not be told, each to be planted into a sale that is told in order."""

from dataclasses import replace
from typing import Any

from storm.final_state import Told
from tests.builders.storm_history import EVENT, PRICE, OnSale
from tests.builders.storm_wrong_sellers import end_with_its_event

COMPLETED, CANCELLED = "booking.completed", "booking.cancelled"


def told(
    booking_id: str,
    kind: str,
    seat: str,
    **what: Any,  # noqa: ANN401 - fields of what is told
) -> Told:
    """A signed message of its own."""
    data = {
        "booking_id": booking_id,
        "event_id": EVENT,
        "buyer_id": 1 if booking_id == "a" else 2,
        "seat_positions": [seat],
        "total_price": PRICE,
    }
    message = Told(message_id=f"{kind} {booking_id}", type=kind, data=data, is_signed=True)
    return replace(message, **what)


def tell_all(sale: OnSale) -> list[Told]:
    """Everything, in order."""
    heard = [told("a", COMPLETED, "1-1"), told("b", CANCELLED, "1-2")]
    sale.changes["told"] = heard
    return heard


def a_completed_booking_was_not_told(sale: OnSale) -> None:
    """It got lost."""
    del tell_all(sale)[0]


def a_cancelled_booking_was_not_told(sale: OnSale) -> None:
    """Likewise."""
    del tell_all(sale)[1]


def it_was_told_to_be_cancelled_and_had_been_seen_completed(sale: OnSale) -> None:
    """Its buyer saw it completed before its event was called off."""
    end_with_its_event(sale)
    sale.changes["told"] = [told("b", CANCELLED, "1-2"), told("a", CANCELLED, "1-1")]


def a_message_is_not_signed(sale: OnSale) -> None:
    """Anybody could have sent it."""
    heard = tell_all(sale)
    heard[0] = replace(heard[0], is_signed=False)


def a_booking_was_told_that_is_none(sale: OnSale) -> None:
    """Nobody made it."""
    tell_all(sale).append(told("x", CANCELLED, "1-3"))


def a_booking_was_told_to_be_what_it_is_not(sale: OnSale) -> None:
    """It was given up and never paid."""
    tell_all(sale).append(told("b", COMPLETED, "1-2"))


def another_seat_was_told(sale: OnSale) -> None:
    """Than the booking has."""
    tell_all(sale)[0] = told("a", COMPLETED, "1-4")


def the_same_was_told_as_two_messages(sale: OnSale) -> None:
    """A receiver would count it twice."""
    tell_all(sale).append(told("a", COMPLETED, "1-1", message_id="another"))


def the_end_was_told_before_the_sale(sale: OnSale) -> None:
    """A receiver would take it for sold."""
    end_with_its_event(sale)
    ended, sold = told("a", CANCELLED, "1-1"), told("a", COMPLETED, "1-1")
    sale.changes["told"] = [told("b", CANCELLED, "1-2"), ended, sold]


UNTOLD = (
    a_completed_booking_was_not_told,
    a_cancelled_booking_was_not_told,
    it_was_told_to_be_cancelled_and_had_been_seen_completed,
)
WRONG_WEBHOOKS = (
    *UNTOLD,
    a_message_is_not_signed,
    a_booking_was_told_that_is_none,
    a_booking_was_told_to_be_what_it_is_not,
    another_seat_was_told,
    the_same_was_told_as_two_messages,
    the_end_was_told_before_the_sale,
)
