"""Holds that are too short or too long, each to be planted into a sale that is in order."""

from tests.builders.storm_history import HOLD_SECONDS, OnSale, at

HELD_UNTIL = 65.0


def expired_too_soon(sale: OnSale) -> None:
    """The last change of the row comes before the end of the hold."""
    expired(sale, ended_at=HELD_UNTIL - 0.1)


def expired_without_a_hold(sale: OnSale) -> None:
    """It never had seats that could run out."""
    expired(sale, ended_at=HELD_UNTIL)
    sale.change("c", expires_at=None)


def held_too_short(sale: OnSale) -> None:
    """The event grants more."""
    sale.change("a", expires_at=at(HOLD_SECONDS - 5.0))


def held_too_long(sale: OnSale) -> None:
    """The event grants a minute, and the row has ten hours."""
    held(sale, until=36_000.0)


def held_longer_than_it_was_shown(sale: OnSale) -> None:
    """It was seen before the hold can have begun."""
    held(sale, until=HELD_UNTIL + 5.0)
    sale.read("c", "carl", 5.0, "pending_payment", "1-3")


def released_a_day_late(sale: OnSale) -> None:
    """Nothing was in the way."""
    expired(sale, ended_at=86_400.0)


def still_shown_as_a_hold(sale: OnSale) -> None:
    """It was over half a minute before."""
    held(sale, until=HELD_UNTIL)
    sale.read("c", "carl", 99.0, "pending_payment", "1-3", kind="final read")


def still_held_at_last(sale: OnSale) -> None:
    """Nobody looked at it, only the ledger tells."""
    held(sale, until=HELD_UNTIL)
    sale.read("a", "anna", 99.0, "completed", "1-1")


def paid_too_late(sale: OnSale) -> None:
    """The hold was over, and the money was taken all the same."""
    held(sale, until=HELD_UNTIL)
    paid = {"id": "c", "status": "completed", "payment_id": "pay c"}
    sale.saw("pay", "carl", (70.0, 70.1), 200, paid, booking_id="c")
    sale.stands("c", "completed", "1-3", buyer_id=3, expires_at=at(HELD_UNTIL))


def held(sale: OnSale, until: float) -> None:
    """A booking that is a hold in the ledger."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.stands("c", "pending_payment", "1-3", buyer_id=3, expires_at=at(until))


def expired(sale: OnSale, ended_at: float) -> None:
    """A booking whose hold has run out and was released at this second of the history."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.stands(
        "c",
        "cancelled",
        "1-3",
        buyer_id=3,
        cancel_reason="expired",
        expires_at=at(HELD_UNTIL),
        updated_at=at(ended_at),
    )


WRONG_HOLDS = [
    expired_too_soon,
    expired_without_a_hold,
    held_too_short,
    held_too_long,
    held_longer_than_it_was_shown,
    released_a_day_late,
    still_shown_as_a_hold,
    still_held_at_last,
    paid_too_late,
]
