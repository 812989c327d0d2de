"""What a seller did to a sale and did not hold, each to be planted into one that is in order."""

from dataclasses import replace
from typing import Any

from tests.builders.storm_history import EVENT, SECTION, SUBSECTION, OnSale, asked


def block(sale: OnSale, *seats: str, status: int | None = 200, how: str = "block") -> None:
    """Asked for and answered at second 5."""
    body: dict[str, Any] = {"section": SECTION, "subsection": SUBSECTION, "seats": list(seats)}
    sale.saw(how, "seller", (5.0, 5.1), status, event_id=EVENT, asked=body)


def call_off(sale: OnSale, at: float = 5.0, status: int = 202) -> None:
    """Asked for, and answered within a tenth of a second."""
    sale.saw("call off", "seller", (at, at + 0.1), status, event_id=EVENT)


def a_blocked_seat_is_on_offer(sale: OnSale) -> None:
    """Nobody has put it back."""
    block(sale, "1-4")


def a_seat_is_blocked_for_nobody(sale: OnSale) -> None:
    """No seller has asked for it."""
    state = sale.state()
    tickets = [*state.tickets[:-1], replace(state.tickets[-1], status="blocked")]
    sale.changes["tickets"] = tickets


def a_booking_outlived_its_event(sale: OnSale) -> None:
    """It is still completed."""
    call_off(sale)


def a_booking_ended_with_an_event_that_goes_on(sale: OnSale) -> None:
    """Nobody called it off."""
    sale.change("b", cancel_reason="event_cancelled")


def an_event_that_was_called_off_was_sold(sale: OnSale) -> None:
    """The promise came after the end was granted."""
    end_with_its_event(sale)
    sale.accepted("c", "carl", 9.0, "1-3")
    sale.stands("c", "cancelled", "1-3", cancel_reason="event_cancelled", buyer_id=3)


def an_event_was_closed_before_it_was_called_off(sale: OnSale) -> None:
    """The refusal came first."""
    problem = {"code": "EVENT_NOT_ON_SALE"}
    sale.saw("book", "carl", (1.0, 1.1), 409, problem, event_id=EVENT, asked=asked("1-3"))
    end_with_its_event(sale)


def end_with_its_event(sale: OnSale) -> None:
    """In order: what was sold ends with its event, and its money went back."""
    call_off(sale)
    sale.change("a", status="cancelled", cancel_reason="event_cancelled")
    sale.charges[:] = [replace(charge, returned=charge.taken) for charge in sale.charges]


WRONG_SELLERS = (
    a_blocked_seat_is_on_offer,
    a_seat_is_blocked_for_nobody,
    a_booking_outlived_its_event,
    a_booking_ended_with_an_event_that_goes_on,
    an_event_that_was_called_off_was_sold,
    an_event_was_closed_before_it_was_called_off,
)
