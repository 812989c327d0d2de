"""Bookings that cannot be: each gets its status and code, and nothing is stored or sent."""

from typing import Any

import httpx
import pytest

from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from tests.support.http_api import HttpApi, booking_form, event_form
from tests.support.problems import problem

MISSING = object()
HUGE = 10**30
UNKNOWN_ID = "0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10"


def manual(*positions: object, quantity: int | None = None) -> dict[str, Any]:
    return booking_form(
        seat_selection_mode="manual",
        seat_positions=list(positions),
        quantity=len(positions) if quantity is None else quantity,
    )


@pytest.mark.parametrize(
    "refusal",
    [
        # Seats that do not exist.
        (manual("5-1"), 422, "SEAT_OUT_OF_RANGE"),
        (manual("1-6"), 422, "SEAT_OUT_OF_RANGE"),
        (manual("4000000000-1"), 422, "SEAT_OUT_OF_RANGE"),
        (manual("1-" + "9" * 5_000), 422, "SEAT_OUT_OF_RANGE"),
        (manual("1-1", "1-6"), 422, "SEAT_OUT_OF_RANGE"),
        *(
            (manual(position), 422, "VALIDATION_ERROR")
            for position in (
                *("1-0", "0-1", "1--1", "-1-1", "01-1", "1-01", "1", "1-", "-1", "", "1-1-1"),
                *(
                    " 1-1",
                    "1-1 ",
                    "1_1",
                    "+1-1",
                    "1.0-1",
                    "a-b",
                    "1-1\n",
                    "\u0661-\u0661",
                    "1-\u00b2",
                ),
                *(1, 1.5, True, None, ["1-1"], {"row": 1, "seat": 1}, "1-1\0"),
            )
        ),
        (manual("1-1", "1-1"), 422, "VALIDATION_ERROR"),
        (manual("1-1", "1-1", quantity=1), 422, "VALIDATION_ERROR"),
        (manual("1-1", "1-2", quantity=1), 422, "VALIDATION_ERROR"),
        (manual("1-1", quantity=2), 422, "VALIDATION_ERROR"),
        (manual(quantity=1), 422, "VALIDATION_ERROR"),
        (manual(*(f"1-{seat}" for seat in range(1, 12))), 422, "VALIDATION_ERROR"),
        (booking_form(seat_selection_mode="manual", seat_positions=None), 422, "VALIDATION_ERROR"),
        (booking_form(seat_positions=["1-1", "1-2"]), 422, "VALIDATION_ERROR"),
        (booking_form(seat_positions="1-1"), 422, "VALIDATION_ERROR"),
        (booking_form(seat_positions={}), 422, "VALIDATION_ERROR"),
        # Places that do not exist.
        (booking_form(section="B"), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(section="a"), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(section=""), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(section="A'; DROP TABLE ticket --"), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(section="Ä\U0001f3ab"), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(subsection=3), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(subsection=0), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(subsection=-1), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(subsection=2**31), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(subsection=HUGE), 404, "SUBSECTION_NOT_FOUND"),
        (booking_form(section="A\0"), 422, "VALIDATION_ERROR"),
        (booking_form(section=1), 422, "VALIDATION_ERROR"),
        (booking_form(section=None), 422, "VALIDATION_ERROR"),
        (booking_form(section="A" * 256), 422, "VALIDATION_ERROR"),
        (booking_form(subsection="1"), 422, "VALIDATION_ERROR"),
        (booking_form(subsection=1.5), 422, "VALIDATION_ERROR"),
        (booking_form(subsection=True), 422, "VALIDATION_ERROR"),
        # Events that do not exist.
        (booking_form(event_id=2), 404, "EVENT_NOT_FOUND"),
        (booking_form(event_id=2**63 - 1), 404, "EVENT_NOT_FOUND"),
        (booking_form(event_id=2**63), 404, "EVENT_NOT_FOUND"),
        (booking_form(event_id=HUGE), 404, "EVENT_NOT_FOUND"),
        *(
            (booking_form(event_id=event_id), 422, "VALIDATION_ERROR")
            for event_id in (0, -1, 1.0, 1.5, True, None, "1", "abc", [1])
        ),
        # Numbers that are none, or too many seats.
        *(
            (booking_form(quantity=quantity), 422, "VALIDATION_ERROR")
            for quantity in (0, -1, 5, 11, HUGE, 1.0, 1.5, "1", "two", True, None, [1])
        ),
        # Modes, and fields that are missing.
        *(
            (booking_form(seat_selection_mode=mode), 422, "VALIDATION_ERROR")
            for mode in ("best", "MANUAL", "", None, 1)
        ),
        *(
            (booking_form(**{name: MISSING}), 422, "VALIDATION_ERROR")
            for name in ("event_id", "section", "subsection", "seat_selection_mode", "quantity")
        ),
    ],
)
async def test_it_is_refused_with_its_code(
    api: HttpApi, buyer: httpx.AsyncClient, event: int, refusal: tuple[dict[str, Any], int, str]
) -> None:
    form, status, code = refusal
    sent = {name: value for name, value in form.items() if value is not MISSING}

    refused = await buyer.post("/api/booking", json=sent)

    problem(refused, status, code)
    assert api.bookings.bookings == {}
    assert api.commands.posted == []


@pytest.mark.parametrize(
    "form",
    [
        booking_form(),
        booking_form(seat_positions=None),
        {name: value for name, value in booking_form().items() if name != "seat_positions"},
        booking_form(quantity=1),
        booking_form(quantity=4),
        booking_form(surprise={"nested": [1]}),
        manual("4-5"),
        manual("2-1", "1-1", "1-2", "1-3"),
    ],
)
async def test_the_same_without_the_fault_is_accepted(
    buyer: httpx.AsyncClient, event: int, form: dict[str, Any]
) -> None:
    accepted = await buyer.post("/api/booking", json=form)

    assert accepted.status_code == 202, accepted.text


async def test_each_fault_is_told_by_its_field(buyer: httpx.AsyncClient, event: int) -> None:
    refused = await buyer.post("/api/booking", json=booking_form(event_id="1", quantity=0))

    document = problem(refused, 422, "VALIDATION_ERROR")
    assert [one["field"] for one in document["errors"]] == ["event_id", "quantity"]
    assert all(one["message"] for one in document["errors"])


async def test_a_malformed_position_is_told_by_its_index(
    buyer: httpx.AsyncClient, event: int
) -> None:
    refused = await buyer.post("/api/booking", json=manual("1-1", "1-0"))

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == "seat_positions.1"


async def test_seats_out_of_range_are_named_with_the_size_of_the_hall(
    buyer: httpx.AsyncClient, event: int
) -> None:
    refused = await buyer.post("/api/booking", json=manual("1-1", "9-9"))

    document = problem(refused, 422, "SEAT_OUT_OF_RANGE")
    assert (document["seats"], document["rows"], document["seats_per_row"]) == (["9-9"], 4, 5)


async def test_an_event_may_allow_up_to_ten_seats(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    created = await seller.post("/api/event", json=event_form(max_tickets_per_booking=10))
    event_id = created.json()["id"]

    ten = await buyer.post("/api/booking", json=booking_form(event_id=event_id, quantity=10))
    eleven = await buyer.post("/api/booking", json=booking_form(event_id=event_id, quantity=11))

    assert ten.status_code == 202
    problem(eleven, 422, "VALIDATION_ERROR")


async def test_an_event_that_is_not_on_sale_takes_no_booking(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    hidden = await seller.post("/api/event", json=event_form(is_active=False))
    later = await seller.post("/api/event", json=event_form(on_sale_at="2400-01-01T00:00:00Z"))
    draft = await seller.post("/api/event", json=event_form())
    api.events.set_status(draft.json()["id"], EventStatus.DRAFT)

    for created in (hidden, later, draft):
        form = booking_form(event_id=created.json()["id"])
        refused = await buyer.post("/api/booking", json=form)
        document = problem(refused, 409, "EVENT_NOT_ON_SALE")
        assert ("on_sale_at" in document) == (created is later)


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_idempotency_key_of_the_wrong_length_is_refused(
    buyer: httpx.AsyncClient, event: int, key: str
) -> None:
    refused = await buyer.post(
        "/api/booking", json=booking_form(), headers={"idempotency-key": key}
    )

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "booking_id",
    ["1", "abc", f"{UNKNOWN_ID}0", f"{{{UNKNOWN_ID}}}", UNKNOWN_ID.replace("-", ""), "%00"],
)
@pytest.mark.parametrize(
    ("method", "action"), [("GET", ""), ("GET", "/sse"), ("POST", "/pay"), ("POST", "/cancel")]
)
async def test_a_malformed_booking_id_is_invalid(
    buyer: httpx.AsyncClient, method: str, action: str, booking_id: str
) -> None:
    body = {"card_number": "4242424242424242"} if action == "/pay" else None

    refused = await buyer.request(method, f"/api/booking/{booking_id}{action}", json=body)

    problem(refused, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "booking_id", [UNKNOWN_ID, UNKNOWN_ID.upper(), "00000000-0000-0000-0000-000000000000"]
)
@pytest.mark.parametrize(
    ("method", "action"), [("GET", ""), ("GET", "/sse"), ("POST", "/pay"), ("POST", "/cancel")]
)
async def test_a_well_formed_unknown_booking_id_is_not_found(
    buyer: httpx.AsyncClient, method: str, action: str, booking_id: str
) -> None:
    body = {"card_number": "4242424242424242"} if action == "/pay" else None

    refused = await buyer.request(method, f"/api/booking/{booking_id}{action}", json=body)

    problem(refused, 404, "BOOKING_NOT_FOUND")


@pytest.mark.parametrize(
    "card_number",
    [
        "",
        "4242",
        "4242 4242 424",
        "4" * 20,
        "4242-4242-4242-424x",
        "\uff14" * 16,
        4242424242424242,
        None,
        ["4242424242424242"],
        "4242424242424242\0",
    ],
)
async def test_a_card_number_that_is_none_is_invalid(
    api: HttpApi, buyer: httpx.AsyncClient, event: int, card_number: object
) -> None:
    booking = await buyer.post("/api/booking", json=booking_form())

    refused = await buyer.post(
        f"/api/booking/{booking.json()['id']}/pay", json={"card_number": card_number}
    )

    problem(refused, 422, "VALIDATION_ERROR")
    assert api.gateway.cards == []
