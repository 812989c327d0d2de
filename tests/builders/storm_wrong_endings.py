"""Endings without their cause, each to be planted into a sale that is in order."""

from tests.builders.storm_history import OnSale, asked, at


def cancelled_and_nobody_asked(sale: OnSale) -> None:
    """The buyer's cancel is not in the history."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.stands("c", "cancelled", "1-3", buyer_id=3)


def withdrawn_in_spite_of_its_key(sale: OnSale) -> None:
    """It had no answer, and its buyer may ask for it again."""
    sale.saw("book", "carl", (4.0, None), None, asked=asked("1-3"), key="k3")
    sale.stands("c", "cancelled", "1-3", buyer_id=3, key="k3")


def failed_in_an_empty_hall(sale: OnSale) -> None:
    """Nobody else has ever asked for a seat there."""
    wanted = asked("1-1") | {"subsection": 2}
    body = {"id": "c", "status": "processing"}
    sale.saw("book", "carl", (4.0, 4.1), 202, body, booking_id="c", asked=wanted, key="k3")
    sale.saw("book", "carl", (4.2, None), None, asked=wanted, key="k3")
    sale.stands(
        "c", "failed", "1-1", buyer_id=3, subsection=2, failure_reason="seat_conflict", key="k3"
    )


def refused_in_an_empty_hall(sale: OnSale) -> None:
    """Others were refused too, and so hold nothing."""
    for seconds in (4.0, 5.0):
        _refused(sale, seconds, "SOLD_OUT", subsection=2)


def refused_for_a_seat_that_was_free(sale: OnSale) -> None:
    """Others sit elsewhere in the same subsection."""
    _refused(sale, 4.0, "SEAT_CONFLICT")


def refused_for_more_seats_than_were_taken(sale: OnSale) -> None:
    """One of the two that it names was somebody's."""
    sale.saw(
        "book",
        "carl",
        (4.0, 4.1),
        409,
        {"code": "SEAT_CONFLICT", "seats": ["1-1", "1-3"]},
        asked=asked("1-1", "1-3"),
    )


def refused_for_a_seat_that_was_free_again(sale: OnSale) -> None:
    """Whoever had it has given it back long before."""
    sale.change("b", updated_at=at(3.5))
    wanted = asked("1-2")
    sale.saw("book", "carl", (8.0, 8.1), 409, {"code": "SEAT_CONFLICT"}, asked=wanted)


def sold_out_with_half_the_hall_empty(sale: OnSale) -> None:
    """Two of four seats can have been somebody's."""
    _refused(sale, 4.0, "SOLD_OUT")


def failed_with_half_the_hall_empty(sale: OnSale) -> None:
    """The same, told after it was accepted."""
    _failed(sale, "sold_out", mode="best_available")


def failed_for_a_seat_that_was_free(sale: OnSale) -> None:
    """Others sit elsewhere in the same subsection."""
    _failed(sale, "seat_conflict")


def too_late_at_once(sale: OnSale) -> None:
    """A reserve has a quarter of an hour."""
    _failed(sale, "too_late")


def failed_unprocessed(sale: OnSale) -> None:
    """No fault spoils a message."""
    _failed(sale, "unprocessable")


def refused_before_anybody_came(sale: OnSale) -> None:
    """The first request of all is sent after it."""
    _refused(sale, 0.2, "SEAT_CONFLICT")


def declined_card_paid(sale: OnSale) -> None:
    """The gateway never takes money from it."""
    next(each for each in sale.operations if each.kind == "pay").asked["card"] = "declined"


def good_card_was_declined(sale: OnSale) -> None:
    """The gateway always takes money from it."""
    problem = {"code": "PAYMENT_DECLINED"}
    sale.saw("pay", "anna", (2.5, 2.6), 402, problem, booking_id="a", asked={"card": "good"})


def told_too_late_and_cancelled_in_time(sale: OnSale) -> None:
    """The hold had a long time to go when the payment was refused."""
    told_too_late_and_cancelled(sale, expires_after=30.0)


def money_nobody_asked_for(sale: OnSale) -> None:
    """It stands under a key that no attempt to pay knows."""
    sale.charge(None, "pay unknown")


def told_too_late_and_cancelled(sale: OnSale, expires_after: float) -> None:
    """A payment is told that the hold is over, and the cancel after it succeeds; the hold of the
    booking ends ``expires_after`` seconds of the history.
    """
    sale.accepted("c", "carl", 1.0, "1-3")
    sale.read("c", "carl", 2.0, "pending_payment", "1-3")
    problem = {"code": "HOLD_EXPIRED"}
    sale.saw("pay", "carl", (8.0, 8.1), 410, problem, booking_id="c", asked={"card": "good"})
    cancelled = {"id": "c", "status": "cancelled"}
    sale.saw("cancel", "carl", (8.0, 8.2), 200, cancelled, booking_id="c")
    sale.stands(
        "c",
        "cancelled",
        "1-3",
        buyer_id=3,
        expires_at=at(expires_after),
        hold_seconds=round(expires_after) - 2,
    )


def _failed(sale: OnSale, reason: str, **what: object) -> None:
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.operations[-1].asked["seat_selection_mode"] = what.get("mode", "manual")
    sale.stands("c", "failed", "1-3", buyer_id=3, failure_reason=reason, **what)


def _refused(sale: OnSale, seconds: float, code: str, **where: object) -> None:
    wanted = asked("1-3") | where
    sale.saw("book", "carl", (seconds, seconds + 0.1), 409, {"code": code}, asked=wanted)


WRONG_ENDINGS = [
    cancelled_and_nobody_asked,
    withdrawn_in_spite_of_its_key,
    failed_in_an_empty_hall,
    refused_in_an_empty_hall,
    refused_for_a_seat_that_was_free,
    refused_for_more_seats_than_were_taken,
    refused_for_a_seat_that_was_free_again,
    sold_out_with_half_the_hall_empty,
    failed_with_half_the_hall_empty,
    failed_for_a_seat_that_was_free,
    too_late_at_once,
    failed_unprocessed,
    refused_before_anybody_came,
    declined_card_paid,
    good_card_was_declined,
    told_too_late_and_cancelled_in_time,
    money_nobody_asked_for,
]
