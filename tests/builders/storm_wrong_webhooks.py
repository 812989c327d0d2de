"""What a webhook may not be told, each to be planted into a sale that is told in order."""

from dataclasses import replace
from typing import Any

from storm.final_state import Told
from tests.builders.storm_history import EVENT, PRICE, OnSale
from tests.builders.storm_wrong_sellers import end_with_its_event

COMPLETED, CANCELLED = "booking.completed", "booking.cancelled"
SOLD_OUT = "event.sold_out"
NOON, ONE_O_CLOCK = "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"


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
    message = Told(
        message_id=f"{kind} {booking_id}", type=kind, timestamp=NOON, data=data, is_signed=True
    )
    return replace(message, **what)


def told_sold_out(timestamp: str, **what: Any) -> Told:  # noqa: ANN401 - as above
    """A signed message of its own: the event was sold out at this time."""
    message = Told(
        message_id=f"{SOLD_OUT} {timestamp}",
        type=SOLD_OUT,
        timestamp=timestamp,
        data={"event_id": EVENT, "status": "sold_out"},
        is_signed=True,
    )
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


def an_event_was_not_told_to_be_sold_out(sale: OnSale) -> None:
    """Its seller sells on elsewhere."""
    tell_all(sale)
    sale.changes["sold_out"] = frozenset({EVENT})


def another_event_was_told_to_be_sold_out(sale: OnSale) -> None:
    """Nobody sells it."""
    tell_all(sale).append(told_sold_out(NOON, data={"event_id": EVENT + 1, "status": "sold_out"}))


def it_was_told_to_be_sold_out_as_two_messages(sale: OnSale) -> None:
    """A receiver would take it for sold out twice."""
    tell_all(sale).extend(told_sold_out(NOON, message_id=each) for each in ("one", "other"))


def being_sold_out_again_was_told_as_the_same_message(sale: OnSale) -> None:
    """A receiver would leave it out."""
    tell_all(sale).extend(told_sold_out(each, message_id="one") for each in (NOON, ONE_O_CLOCK))


def a_message_that_was_sent_again_says_something_else(sale: OnSale) -> None:
    """Under the same id."""
    tell_all(sale).append(told("a", COMPLETED, "1-1", timestamp=ONE_O_CLOCK))


def a_webhook_that_was_off_is_told_what_is_not_so(sale: OnSale) -> None:
    """It need not be told everything, and nothing else either."""
    tell_all(sale)
    sale.changes["also_told"] = [told("b", COMPLETED, "1-2")]


def a_webhook_whose_secret_was_rotated_is_told_without_a_signature(sale: OnSale) -> None:
    """Neither of the new secret nor of the one before."""
    tell_all(sale)
    sale.changes["also_told"] = [told("a", COMPLETED, "1-1", is_signed=False)]


UNTOLD = (
    a_completed_booking_was_not_told,
    a_cancelled_booking_was_not_told,
    it_was_told_to_be_cancelled_and_had_been_seen_completed,
    an_event_was_not_told_to_be_sold_out,
)
TOLD_TWICE = (
    the_same_was_told_as_two_messages,
    it_was_told_to_be_sold_out_as_two_messages,
)
WRONG_WEBHOOKS = (
    *UNTOLD,
    a_message_is_not_signed,
    a_booking_was_told_that_is_none,
    a_booking_was_told_to_be_what_it_is_not,
    another_seat_was_told,
    *TOLD_TWICE,
    the_end_was_told_before_the_sale,
    another_event_was_told_to_be_sold_out,
    being_sold_out_again_was_told_as_the_same_message,
    a_message_that_was_sent_again_says_something_else,
    a_webhook_that_was_off_is_told_what_is_not_so,
    a_webhook_whose_secret_was_rotated_is_told_without_a_signature,
)
