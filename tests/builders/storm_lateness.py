"""Answers and outcomes that come too late, each to be planted into a sale that is in order."""

from tests.builders.storm_history import OnSale, asked, at


def answered_after_a_minute(sale: OnSale) -> None:
    """It says the truth, and late."""
    sale.saw("read", "anna", (4.5, 64.5), 200, {"id": "a", "status": "completed"}, booking_id="a")


def unavailable_after_five_seconds(sale: OnSale) -> None:
    """Good for an answer, and too long for being told that there is none."""
    problem = {"code": "UNAVAILABLE"}
    sale.saw("book", "carl", (4.0, 9.0), 503, problem, asked=asked("1-3"))


def never_answered(sale: OnSale) -> None:
    """Its client gave up in the end."""
    operation = sale.saw("pay", "anna", (4.0, None), None, booking_id="a")
    operation.gave_up_at = 18.0


def promised_and_left_waiting(sale: OnSale) -> None:
    """It got its hold in the end, after half a minute of asking."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.read("c", "carl", 34.0, "processing")
    sale.stands("c", "pending_payment", "1-3", buyer_id=3)


def held_half_a_minute_later(sale: OnSale) -> None:
    """Nobody looked meanwhile: the end of the hold tells its beginning."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.stands("c", "pending_payment", "1-3", buyer_id=3, created_at=at(4.0), expires_at=at(94.0))


def refused_half_a_minute_later(sale: OnSale) -> None:
    """The seat is taken, and it takes long to say so."""
    sale.accepted("c", "carl", 4.0, "1-1")
    times = {"created_at": at(4.0), "updated_at": at(34.0)}
    sale.stands("c", "failed", "1-1", buyer_id=3, failure_reason="seat_conflict", **times)


LATENESS = [
    answered_after_a_minute,
    unavailable_after_five_seconds,
    never_answered,
    promised_and_left_waiting,
    held_half_a_minute_later,
    refused_half_a_minute_later,
]
