"""Refusals without their cause, each to be planted into a sale that is in order."""

from tests.builders.storm_history import OnSale, asked, at

CARD = {"card": "good"}


def an_event_that_is_there_was_not_found(sale: OnSale) -> None:
    """It is on sale all the time."""
    _not_let_in(sale, 404, "EVENT_NOT_FOUND")


def a_buyer_was_not_known(sale: OnSale) -> None:
    """The session lasts longer than any storm."""
    _not_let_in(sale, 401, "NOT_AUTHENTICATED")


def a_buyer_was_told_not_to_be_one(sale: OnSale) -> None:
    """Everybody who books is a buyer."""
    _not_let_in(sale, 403, "FORBIDDEN_ROLE")


def the_sale_was_closed(sale: OnSale) -> None:
    """No code of the contract is good for every request."""
    _not_let_in(sale, 409, "EVENT_NOT_ON_SALE")


def a_hold_was_not_payable(sale: OnSale) -> None:
    """It was shown as a hold before and after."""
    held(sale)
    refuse(sale, "pay", "BOOKING_NOT_PAYABLE")
    sale.read("c", "carl", 9.0, "pending_payment", "1-3")
    sale.stands("c", "cancelled", "1-3", buyer_id=3)
    sale.saw("cancel", "carl", (9.5, 9.6), 200, {"status": "cancelled"}, booking_id="c")


def a_hold_was_never_payable(sale: OnSale) -> None:
    """It stands as a hold in the ledger."""
    held(sale)
    refuse(sale, "pay", "BOOKING_NOT_PAYABLE")


def a_hold_was_not_cancellable(sale: OnSale) -> None:
    """It stands as a hold in the ledger."""
    held(sale)
    refuse(sale, "cancel", "BOOKING_NOT_CANCELLABLE")


def a_payment_kept_another_from_nothing(sale: OnSale) -> None:
    """There was no other."""
    held(sale)
    refuse(sale, "pay", "PAYMENT_IN_PROGRESS")


def a_payment_that_was_over_kept_a_cancel_off(sale: OnSale) -> None:
    """It was declined before."""
    held(sale)
    problem = {"code": "PAYMENT_DECLINED"}
    declined = {"card": "declined"}
    sale.saw("pay", "carl", (6.0, 6.1), 402, problem, booking_id="c", asked=declined)
    refuse(sale, "cancel", "PAYMENT_IN_PROGRESS")


def a_payment_was_never_settled(sale: OnSale) -> None:
    """Its buyer was not told its outcome, two minutes before."""
    held(sale)
    sale.saw("pay", "carl", (6.0, None), None, booking_id="c", asked=CARD)
    refuse(sale, "cancel", "PAYMENT_IN_PROGRESS", seconds=126.0)


def held(sale: OnSale) -> None:
    """A booking that is shown as a hold."""
    sale.accepted("c", "carl", 4.0, "1-3")
    sale.read("c", "carl", 5.0, "pending_payment", "1-3")
    sale.stands("c", "pending_payment", "1-3", buyer_id=3, expires_at=at(64.5))


def refuse(sale: OnSale, kind: str, code: str, seconds: float = 7.0) -> None:
    """Its buyer is told so."""
    when = (seconds, seconds + 0.1)
    card = CARD if kind == "pay" else {}
    sale.saw(kind, "carl", when, 409, {"code": code}, booking_id="c", asked=card)


def _not_let_in(sale: OnSale, status: int, code: str) -> None:
    sale.saw("book", "carl", (4.0, 4.1), status, {"code": code}, asked=asked("1-3"))


WRONG_REFUSALS = [
    an_event_that_is_there_was_not_found,
    a_buyer_was_not_known,
    a_buyer_was_told_not_to_be_one,
    the_sale_was_closed,
    a_hold_was_not_payable,
    a_hold_was_never_payable,
    a_hold_was_not_cancellable,
    a_payment_kept_another_from_nothing,
    a_payment_that_was_over_kept_a_cancel_off,
    a_payment_was_never_settled,
]
