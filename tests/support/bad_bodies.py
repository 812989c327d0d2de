"""Bodies that no service may take, each with its flaw and what it must be answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.onsale_up import CARD_NUMBER, PASSWORD
from tests.support.visitors import JsonObject, regular_hall

LEFT_OUT = object()
"""In place of a value: the field is not sent."""
HUGE = 10**30

_INVALID = (422, "VALIDATION_ERROR")
_OUTSIDE = (422, "SEAT_OUT_OF_RANGE")
_NO_SUBSECTION = (404, "SUBSECTION_NOT_FOUND")
_NO_EVENT = (404, "EVENT_NOT_FOUND")

Refusal = tuple[int, str]


def changed(body: JsonObject, changes: Mapping[str, object]) -> JsonObject:
    """The body with some fields replaced or left out."""
    merged = {**body, **changes}
    return {name: value for name, value in merged.items() if value is not LEFT_OUT}


def _seats(refusal: Refusal, *positions: object, **more: object) -> tuple[JsonObject, int, str]:
    return {"seat_positions": [*positions], "quantity": len(positions), **more}, *refusal


def _with(refusal: Refusal, **changes: object) -> tuple[JsonObject, int, str]:
    return changes, *refusal


def _best(refusal: Refusal, **changes: object) -> tuple[JsonObject, int, str]:
    best = {"seat_selection_mode": "best_available", "seat_positions": []}
    return {**best, **changes}, *refusal


BAD_BOOKINGS: Mapping[str, tuple[JsonObject, int, str]] = {
    # Of a subsection of 25 rows of 20 seats; without its flaw each would get seat 1-1.
    "off the row": _seats(_OUTSIDE, "1-21"),
    "off the section": _seats(_OUTSIDE, "26-1"),
    "off both": _seats(_OUTSIDE, "26-21"),
    "one within, one outside": _seats(_OUTSIDE, "1-1", "1-21"),
    "a row of four thousand million": _seats(_OUTSIDE, "4000000000-1"),
    "a seat of four thousand million": _seats(_OUTSIDE, "1-4000000000"),
    "a seat beyond 64 bits": _seats(_OUTSIDE, f"1-{2**64 + 1}"),
    "a row of five thousand digits": _seats(_OUTSIDE, f"{'9' * 5_000}-1"),
    "the same seat twice": _seats(_INVALID, "1-1", "1-1"),
    "the same seat twice among others": _seats(_INVALID, "1-1", "1-2", "1-1"),
    "seat 0": _seats(_INVALID, "1-0"),
    "row 0": _seats(_INVALID, "0-1"),
    "a negative seat": _seats(_INVALID, "1--1"),
    "a negative row": _seats(_INVALID, "-1-1"),
    "a leading zero": _seats(_INVALID, "01-1"),
    "a leading zero of the seat": _seats(_INVALID, "1-01"),
    "a plus sign": _seats(_INVALID, "+1-1"),
    "a space before": _seats(_INVALID, " 1-1"),
    "a line break after": _seats(_INVALID, "1-1\n"),
    "digits of another script": _seats(_INVALID, "\u0661-\u0661"),
    "a fraction": _seats(_INVALID, "1.0-1"),
    "three numbers": _seats(_INVALID, "1-1-1"),
    "one number": _seats(_INVALID, "1"),
    "words": _seats(_INVALID, "a-b"),
    "an empty position": _seats(_INVALID, ""),
    "another separator": _seats(_INVALID, "1_1"),
    "a position that is a number": _seats(_INVALID, 11),
    "a position that is null": _seats(_INVALID, None),
    "a position that is a list": _seats(_INVALID, [1, 1]),
    "positions that are no list": _with(_INVALID, seat_positions="1-1"),
    "a thousand positions": _with(
        _INVALID, seat_positions=[f"1-{seat}" for seat in range(1, 1_001)], quantity=1_000
    ),
    "more seats than wanted": _seats(_INVALID, "1-1", "1-2", quantity=1),
    "fewer seats than wanted": _seats(_INVALID, "1-1", quantity=2),
    "manual without seats": _seats(_INVALID, quantity=1),
    "manual with null for seats": _with(_INVALID, seat_positions=None),
    "manual with seats left out": _with(_INVALID, seat_positions=LEFT_OUT),
    "best available with seats": _best(_INVALID, seat_positions=["1-1"]),
    "another mode": _with(_INVALID, seat_selection_mode="cheapest"),
    "no mode": _with(_INVALID, seat_selection_mode=LEFT_OUT),
    "no seats at all": _best(_INVALID, quantity=0),
    "five seats where four are allowed": _best(_INVALID, quantity=5),
    "eleven seats": _best(_INVALID, quantity=11),
    "minus one seat": _best(_INVALID, quantity=-1),
    "one and a half seats": _best(_INVALID, quantity=1.5),
    "1.0 seats": _best(_INVALID, quantity=1.0),
    "a quantity in quotes": _best(_INVALID, quantity="1"),
    "a quantity in words": _best(_INVALID, quantity="two"),
    "a quantity that is true": _best(_INVALID, quantity=True),
    "a quantity that is null": _best(_INVALID, quantity=None),
    "a quantity that is not a number": _best(_INVALID, quantity=float("nan")),
    "a huge quantity": _best(_INVALID, quantity=HUGE),
    "no quantity": _best(_INVALID, quantity=LEFT_OUT),
    "an unknown section": _with(_NO_SUBSECTION, section="Z"),
    "a section in another case": _with(_NO_SUBSECTION, section="a"),
    "a section called VIP": _with(_NO_SUBSECTION, section="VIP"),
    "a section with a space": _with(_NO_SUBSECTION, section="A "),
    "a section called nothing": _with(_NO_SUBSECTION, section=""),
    "a section with a dash": _with(_NO_SUBSECTION, section="A-1"),
    "a section of half a surrogate pair": _with(_INVALID, section="\ud800"),
    "a section with NUL": _with(_INVALID, section="A\0"),
    "a section that is a number": _with(_INVALID, section=1),
    "no section": _with(_INVALID, section=LEFT_OUT),
    "an unknown subsection": _with(_NO_SUBSECTION, subsection=999),
    "subsection 0": _with(_NO_SUBSECTION, subsection=0),
    "subsection -1": _with(_NO_SUBSECTION, subsection=-1),
    "a huge subsection": _with(_NO_SUBSECTION, subsection=HUGE),
    "a subsection in quotes": _with(_INVALID, subsection="1"),
    "a fractional subsection": _with(_INVALID, subsection=1.5),
    "no subsection": _with(_INVALID, subsection=LEFT_OUT),
}

BAD_ORDERS_OF_EVENTS: Mapping[str, tuple[object, int, str]] = {
    "unknown": (999_999_999, *_NO_EVENT),
    "the largest there can be": (2**63 - 1, *_NO_EVENT),
    "larger than there can be": (2**63, *_NO_EVENT),
    "huge": (HUGE, *_NO_EVENT),
    "zero": (0, *_INVALID),
    "negative": (-1, *_INVALID),
    "fractional": (1.5, *_INVALID),
    "in quotes": ("1", *_INVALID),
    "null": (None, *_INVALID),
    "true": (True, *_INVALID),
    "left out": (LEFT_OUT, *_INVALID),
}


def _hall(*sections: JsonObject, **more: object) -> JsonObject:
    return {"seating_config": {"sections": [*sections], **more}}


def _section(name: object = "A", price: object = 1_000, *subsections: JsonObject) -> JsonObject:
    return {"name": name, "price": price, "subsections": [*(subsections or (_rectangle(),))]}


def _rectangle(number: object = 1, rows: object = 5, seats_per_row: object = 10) -> JsonObject:
    return {"number": number, "rows": rows, "seats_per_row": seats_per_row}


def _short(**changes: object) -> JsonObject:
    return {"seating_config": {**regular_hall(), **changes}}


_HUNDRED_FULL = [_rectangle(number, 100, 100) for number in range(1, 101)]

BAD_EVENTS: Mapping[str, JsonObject] = {
    "no section": _hall(),
    "no section, short form": _short(sections=[]),
    "no subsection": _hall({"name": "A", "price": 1_000, "subsections": []}),
    "no subsection, short form": _short(sections=[{"name": "A", "price": 1, "subsections": 0}]),
    "a section name twice": _hall(_section("A"), _section("B"), _section("A")),
    "a section name twice, short form": _short(sections=regular_hall()["sections"] * 2),
    "a subsection number twice": _hall(_section("A", 1_000, _rectangle(1), _rectangle(1))),
    "a negative price": _hall(_section(price=-1)),
    "a fractional price": _hall(_section(price=10.5)),
    "a price of 1000.0": _hall(_section(price=1_000.0)),
    "a price in quotes": _hall(_section(price="1000")),
    "a price of null": _hall(_section(price=None)),
    "a huge price": _hall(_section(price=HUGE)),
    "a million and one seats": _hall(
        _section("A", 1_000, *_HUNDRED_FULL), _section("B", 1_000, _rectangle(1, 1, 1))
    ),
    "a million and one seats, short form": _short(
        rows=1, cols=1, sections=[{"name": "A", "price": 1, "subsections": 1_000_001}]
    ),
    "a subsection of 10,001 seats": _hall(_section("A", 1_000, _rectangle(1, 1, 10_001))),
    "a subsection of 100 by 101": _hall(_section("A", 1_000, _rectangle(1, 100, 101))),
    "no rows": _hall(_section("A", 1_000, _rectangle(1, 0, 10))),
    "minus one row": _hall(_section("A", 1_000, _rectangle(1, -1, 10))),
    "no seats in a row": _hall(_section("A", 1_000, _rectangle(1, 5, 0))),
    "huge rows": _hall(_section("A", 1_000, _rectangle(1, HUGE, HUGE))),
    "rows in quotes": _hall(_section("A", 1_000, _rectangle(1, "5", 10))),
    "subsection 0": _hall(_section("A", 1_000, _rectangle(0))),
    "a huge subsection number": _hall(_section("A", 1_000, _rectangle(HUGE))),
    "a section without a name": _hall(_section("")),
    "a section name of 21 letters": _hall(_section("A" * 21)),
    "a section name with a space": _hall(_section("A B")),
    "a section name with a colon": _hall(_section("A:1")),
    "a section name in another script": _hall(_section("Ä")),
    "a section name with a line break": _hall(_section("A\n")),
    "a section name that is a number": _hall(_section(1)),
    "a hall that is null": {"seating_config": None},
    "a hall that is a list": {"seating_config": []},
    "a hall that is text": {"seating_config": "large"},
    "an empty hall": {"seating_config": {}},
    "no hall": {"seating_config": LEFT_OUT},
    "the short form without cols": {
        "seating_config": {"rows": 5, "sections": regular_hall()["sections"]}
    },
    "no name": {"name": LEFT_OUT},
    "an empty name": {"name": ""},
    "a blank name": {"name": "  "},
    "a name with NUL": {"name": "A\0"},
    "a name of 256 letters": {"name": "x" * 256},
    "a name that is a number": {"name": 1},
    "no venue": {"venue_name": LEFT_OUT},
    "a currency that there is not": {"currency": "XXQ"},
    "a currency in small letters": {"currency": "usd"},
    "a hold of 4 seconds": {"hold_seconds": 4},
    "a hold of 7,201 seconds": {"hold_seconds": 7_201},
    "a hold in quotes": {"hold_seconds": "600"},
    "no tickets per booking": {"max_tickets_per_booking": 0},
    "eleven tickets per booking": {"max_tickets_per_booking": 11},
    "activity in words": {"is_active": "yes"},
    "a start that is no time": {"starts_at": "tomorrow"},
    "a start without a time zone": {"starts_at": "2030-01-01T19:30:00"},
    "a start in seconds": {"starts_at": 1_900_000_000},
    "a sale that opens in no year": {"on_sale_at": "9999-12-31T23:59:59Z"},
}

BAD_PATCHES: Mapping[str, JsonObject] = {
    "an empty name": {"name": ""},
    "a name of null": {"name": None},
    "a venue that is a number": {"venue_name": 1},
    "activity in words": {"is_active": "no"},
    "activity of null": {"is_active": None},
    "an opening that is no time": {"on_sale_at": "soon"},
}

BAD_ACCOUNTS: Mapping[str, JsonObject] = {
    "an admin": {"role": "admin"},
    "a role in capitals": {"role": "BUYER"},
    "a role of null": {"role": None},
    "no role": {"role": LEFT_OUT},
    "both roles": {"role": ["buyer", "seller"]},
    "a password of 73 bytes": {"password": PASSWORD.ljust(73, "x")},
    "a password of 73 bytes in 37 letters": {"password": f"{PASSWORD}{'é' * 28}"},
    "a password of a megabyte": {"password": PASSWORD.ljust(900_000, "x")},
    "a password of 7 letters": {"password": PASSWORD[:7]},
    "an empty password": {"password": ""},
    "a password with NUL": {"password": f"{PASSWORD}\0"},
    "a password that is a number": {"password": 12_345_678},
    "a password that is a list": {"password": [PASSWORD]},
    "a password of null": {"password": None},
    "no password": {"password": LEFT_OUT},
    "an address without @": {"email": "ada.example.com"},
    "an address with a space": {"email": "a da@example.com"},
    "an address with a line break": {"email": "ada@example.com\nbcc: x@example.com"},
    "an address of two": {"email": "ada@example.com,bob@example.com"},
    "an address with nothing before @": {"email": "@example.com"},
    "an address with nothing after @": {"email": "ada@"},
    "an address of 256 letters": {"email": f"{'x' * 244}@example.com"},
    "an empty address": {"email": ""},
    "an address of null": {"email": None},
    "no address": {"email": LEFT_OUT},
    "an empty name": {"name": ""},
    "a name of 256 letters": {"name": "x" * 256},
    "no name": {"name": LEFT_OUT},
}

BAD_CARDS: Mapping[str, dict[str, Any]] = {
    "too short": {"card_number": "60110009901"},
    "too long": {"card_number": f"{CARD_NUMBER}{CARD_NUMBER}"},
    "with letters": {"card_number": f"{CARD_NUMBER}x"},
    "empty": {"card_number": ""},
    "a number": {"card_number": int(CARD_NUMBER.replace(" ", ""))},
    "null": {"card_number": None},
    "a list": {"card_number": [CARD_NUMBER]},
    "left out": {},
    "under another name": {"number": CARD_NUMBER},
}

BAD_QUERIES = [
    *(f"{items}?limit={limit}" for items in ("event", "booking") for limit in ("0", "101", "-1")),
    *(f"{items}?limit={limit}" for items in ("event", "booking") for limit in ("x", "1.5")),
    *(f"{items}?cursor={cursor}" for items in ("event", "booking") for cursor in ("x", "%00")),
    "event?cursor=LTE",  # -1
    "event?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",  # larger than any id
    "event?cursor=MTcw'--",
    "event?status=open",
    "event?mine=maybe",
    "booking?status=pending",
    "booking?event_id=x",
    "booking?event_id=0",
    "booking?cursor=MQ",  # an id, but of an event
]


@dataclass(frozen=True, slots=True)
class Content:
    """A body as bytes, and what it must be answered."""

    body: bytes
    status: int = 400
    code: str = "MALFORMED_JSON"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def _typed(media_type: str | None) -> Content:
    headers = {} if media_type is None else {"Content-Type": media_type}
    body = json.dumps({"name": "Ada"}).encode()
    return Content(body, 415, "UNSUPPORTED_MEDIA_TYPE", headers)


BAD_CONTENTS: Mapping[str, Content] = {
    "nothing": Content(b""),
    "half an object": Content(b'{"name": "Ada"'),
    "a comma too many": Content(b'{"name": "Ada",}'),
    "single quotes": Content(b"{'name': 'Ada'}"),
    "a comment": Content(b'{"name": "Ada"} // Ada'),
    "two documents": Content(b"{}{}"),
    "not UTF-8": Content(b'{"name": "\xff"}'),
    "UTF-16": Content('{"name": "Ada"}'.encode("utf-16")),
    "nested without end": Content(b"[" * 100_000),
    "a list": Content(b"[]", *_INVALID),
    "a text": Content(b'"Ada"', *_INVALID),
    "a number": Content(b"1", *_INVALID),
    "null": Content(b"null", *_INVALID),
    "an empty object": Content(b"{}", *_INVALID),
    "plain text": _typed("text/plain"),
    "a form": _typed("application/x-www-form-urlencoded"),
    "XML": _typed("application/xml"),
    "almost JSON": _typed("application/jsonp"),
    "of no type": _typed(None),
    "of an empty type": _typed(""),
}
