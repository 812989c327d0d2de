"""Tickets as lines of a table that a spreadsheet reads."""

import csv
import io
from collections.abc import Iterable, Sequence

from onsale.service.ticketing.app.interface.i_sales import TakenTicket
from onsale.service.ticketing.driving_adapter.schema.fields import utc

COLUMNS = (
    "section",
    "subsection",
    "row",
    "seat",
    "status",
    "price_cents",
    "price_decimal",
    "currency",
    "booking_id",
    "booked_at_utc",
)
CENTS = 100
# What a spreadsheet takes for the beginning of a formula.
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")


def heading() -> bytes:
    """The first line."""
    return _encoded([COLUMNS])


def lines(tickets: Sequence[TakenTicket], currency: str) -> bytes:
    """A line for each ticket. The price stands there twice: as the whole number that every other
    answer has, and as an amount to add up. Times are in the form that spreadsheets take for one.
    """
    return _encoded(
        (
            ticket.seat.section,
            ticket.seat.subsection,
            ticket.seat.row,
            ticket.seat.seat,
            ticket.status.value,
            ticket.price,
            f"{ticket.price // CENTS}.{ticket.price % CENTS:02}",
            currency,
            ticket.booking_id,
            f"{utc(ticket.booked_at):%Y-%m-%d %H:%M:%S}",
        )
        for ticket in tickets
    )


def harmless(cell: object) -> object:
    """The cell, as text that no spreadsheet calculates: with an apostrophe before it if need be.
    Numbers are what they are.
    """
    if isinstance(cell, str) and cell.startswith(_FORMULA_BEGINNINGS):
        return f"'{cell}"
    return cell


def _encoded(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
