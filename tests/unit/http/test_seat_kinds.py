"""Price categories, accessible and companion seats, single seats and alternatives, over HTTP."""

from typing import Any

import httpx
import msgspec
import pytest

from onsale.service.shared_kernel.seat_rules import SeatRules
from tests.support.http_api import HttpApi, booking_form, event_form
from tests.support.problems import problem

SUBSECTION = {
    "number": 1,
    "rows": 3,
    "seats_per_row": 4,
    "price_categories": [{"name": "front", "price": 2000, "rows": [1, 2]}],
    "accessible": ["1-1", "3-1"],
    "companion": ["1-2"],
}
HALL = {"sections": [{"name": "A", "price": 1500, "subsections": [SUBSECTION]}]}
SEATS = "/api/event/{}/sections/A/subsection/1/seats"
ALTERNATIVES = "/api/event/{}/sections/A/subsection/1/alternatives"


async def create(seller: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    created = await seller.post("/api/event", json=event_form(seating_config=HALL, **changes))
    assert created.status_code == 201, created.text
    event: dict[str, Any] = created.json()
    return event


@pytest.fixture
async def hall(seller: httpx.AsyncClient) -> int:
    event_id: int = (await create(seller, leave_no_single_seats=True))["id"]
    return event_id


async def book(buyer: httpx.AsyncClient, event_id: int, **changes: object) -> httpx.Response:
    return await buyer.post("/api/booking", json=booking_form(event_id=event_id, **changes))


def named(*positions: str) -> dict[str, object]:
    return {
        "seat_selection_mode": "manual",
        "seat_positions": list(positions),
        "quantity": len(positions),
    }


async def remember(api: HttpApi, event_id: int) -> None:
    """Let the API know freshly how the seats stand."""
    layout = (await api.catalog.get(event_id)).details.seating_config.find("A", 1)
    api.seat_memory.states(event_id, layout)
    await api.seat_memory.refresh()


async def test_kinds_of_seats_come_back_as_they_were_sent(seller: httpx.AsyncClient) -> None:
    assert (await create(seller))["seating_config"] == HALL


async def test_whether_single_seats_may_be_left_can_be_changed(seller: httpx.AsyncClient) -> None:
    event = await create(seller)
    assert event["leave_no_single_seats"] is False
    changed = await seller.patch(f"/api/event/{event['id']}", json={"leave_no_single_seats": True})
    assert changed.json()["leave_no_single_seats"] is True
    kept = await seller.patch(f"/api/event/{event['id']}", json={"name": "Other"})
    assert kept.json()["leave_no_single_seats"] is True
    refused = await seller.patch(
        f"/api/event/{event['id']}", json={"leave_no_single_seats": "true"}
    )
    problem(refused, 422, "VALIDATION_ERROR")


async def test_a_seat_map_tells_kind_and_category_only_where_they_apply(
    api: HttpApi, anyone: httpx.AsyncClient, hall: int
) -> None:
    api.events.take(hall, "A", 1, 1)
    seats = (await anyone.get(SEATS.format(hall))).json()["seats"]
    found = {(seat["row"], seat["seat"]): seat for seat in seats}
    assert found[1, 1] == {
        "row": 1,
        "seat": 1,
        "status": "available",
        "price": 2000,
        "kind": "accessible",
        "category": "front",
    }
    assert found[1, 2] == {
        "row": 1,
        "seat": 2,
        "status": "reserved",
        "price": 2000,
        "kind": "companion",
        "category": "front",
    }
    assert found[2, 4] == {
        "row": 2,
        "seat": 4,
        "status": "available",
        "price": 2000,
        "category": "front",
    }
    assert found[3, 1] == {
        "row": 3,
        "seat": 1,
        "status": "available",
        "price": 1500,
        "kind": "accessible",
    }
    assert found[3, 2] == {"row": 3, "seat": 2, "status": "available", "price": 1500}


@pytest.mark.parametrize(
    "changes",
    [
        {"price_categories": [{"name": "front", "price": 1, "rows": [1]}]},
        {"price_categories": [{"name": "front", "price": 1, "rows": [1, 2, 3]}]},
        {"price_categories": [{"name": "front", "price": 1, "rows": [2, 1]}]},
        {"price_categories": [{"name": "front", "price": 1, "rows": [1, 4]}]},
        {"price_categories": [{"name": "front", "price": -1, "rows": [1, 2]}]},
        {"price_categories": [{"name": "", "price": 1, "rows": [1, 2]}]},
        {"price_categories": [{"price": 1, "rows": [1, 2]}]},
        {"price_categories": {}},
        {"price_categories": None},
        {"accessible": ["4-1"]},
        {"accessible": ["1-1", "1-1"]},
        {"accessible": [11]},
        {"accessible": "1-1"},
        {"accessible": ["1-1"] * 501},
        {"companion": ["1-1"]},
        {"companion": ["x"]},
    ],
    ids=str,
)
async def test_kinds_of_seats_that_cannot_be_are_refused(
    seller: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    section = {"name": "A", "price": 1, "subsections": [{**SUBSECTION, **changes}]}
    form = event_form(seating_config={"sections": [section]})
    problem(await seller.post("/api/event", json=form), 422, "VALIDATION_ERROR")


KINDS = SeatRules(accessible=((0, 0), (8, 8)), companion=((1, 1),))


@pytest.mark.parametrize(
    ("asked", "promised"),
    [
        ({"quantity": 2}, (3000, {})),
        ({"quantity": 2, "price_category": "front"}, (4000, {"rows": (1, 2)})),
        ({"quantity": 2, "accessible_seats": 1}, (3000, {"accessible_seats": 1})),
        (named("2-1", "3-1"), (3500, {"leave_no_single_seats": True})),
    ],
    ids=str,
)
async def test_a_booking_is_priced_and_takes_its_rules_along(
    api: HttpApi,
    buyer: httpx.AsyncClient,
    hall: int,
    asked: dict[str, object],
    promised: tuple[int, dict[str, object]],
) -> None:
    total_price, own_rules = promised
    accepted = await book(buyer, hall, **asked)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["total_price"] == total_price
    rules = msgspec.structs.replace(KINDS, **own_rules)
    assert [booking.seat_rules for booking in api.commands.posted] == [rules]


async def test_a_booking_of_an_ordinary_hall_has_no_rules(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    for asked in ({"quantity": 2}, named("1-2", "1-3")):
        assert (await book(buyer, event, **asked)).status_code == 202
    assert [booking.seat_rules for booking in api.commands.posted] == [None, None]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"price_category": "rear"}, "price_category"),
        ({"price_category": "Front"}, "price_category"),
        ({"price_category": ""}, "price_category"),
        ({"price_category": 1}, "price_category"),
        ({"quantity": 2, "accessible_seats": 3}, "accessible_seats"),
        ({"accessible_seats": -1}, "accessible_seats"),
        ({"accessible_seats": "1"}, "accessible_seats"),
        ({"accessible_seats": None}, "accessible_seats"),
        ({**named("1-1"), "price_category": "front"}, "price_category"),
        ({**named("1-1"), "accessible_seats": 1}, "accessible_seats"),
    ],
    ids=str,
)
async def test_wishes_that_cannot_be_are_refused(
    api: HttpApi, buyer: httpx.AsyncClient, hall: int, asked: dict[str, object], field: str
) -> None:
    refused = problem(await book(buyer, hall, **asked), 422, "VALIDATION_ERROR")
    assert [error["field"] for error in refused["errors"]] == [field]
    assert api.commands.posted == []


async def test_a_key_names_its_wishes_too(buyer: httpx.AsyncClient, hall: int) -> None:
    key = {"Idempotency-Key": "mine"}
    form = booking_form(event_id=hall, quantity=2, price_category="front")
    first = await buyer.post("/api/booking", json=form, headers=key)
    assert first.status_code == 202
    again = await buyer.post("/api/booking", json=form, headers=key)
    assert again.json()["id"] == first.json()["id"]
    for other in ({"price_category": None}, {"accessible_seats": 1}):
        reused = await buyer.post("/api/booking", json={**form, **other}, headers=key)
        problem(reused, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_seats_that_leave_one_alone_are_refused_with_better_ones(
    api: HttpApi, buyer: httpx.AsyncClient, hall: int
) -> None:
    await remember(api, hall)
    refused = problem(await book(buyer, hall, **named("2-2", "2-3")), 422, "ORPHAN_SEAT")
    assert refused["left_alone"] == ["2-1", "2-4"]
    assert refused["alternatives"] == [["2-1", "2-2"], ["2-3", "2-4"], ["1-3", "1-4"]]
    assert api.commands.posted == []


async def test_where_single_seats_may_be_left_nobody_is_refused_for_it(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient
) -> None:
    event_id = (await create(seller))["id"]
    await remember(api, event_id)
    assert (await book(buyer, event_id, **named("2-2", "2-3"))).status_code == 202


async def test_the_store_decides_on_single_seats_that_memory_does_not_know(
    api: HttpApi, buyer: httpx.AsyncClient, hall: int
) -> None:
    assert (await book(buyer, hall, **named("2-2", "2-3"))).status_code == 202
    (booking,) = api.commands.posted
    assert booking.seat_rules is not None
    assert booking.seat_rules.leave_no_single_seats


async def test_seats_that_are_taken_are_refused_with_others(
    api: HttpApi, buyer: httpx.AsyncClient, hall: int
) -> None:
    api.events.take(hall, "A", 1, 4)
    await remember(api, hall)
    refused = problem(await book(buyer, hall, **named("2-2", "2-1")), 409, "SEAT_CONFLICT")
    assert refused["seats"] == ["2-1"]
    assert refused["alternatives"] == [["1-3", "1-4"], ["3-3", "3-4"]]


ONLY_SET_ASIDE = ("1-1", "1-2", "3-1")
ALL_BUT_ACCESSIBLE = ("1-2", "1-3", "1-4", "3-2", "3-3", "3-4")


@pytest.mark.parametrize(
    ("free", "order"),
    [
        (ONLY_SET_ASIDE, ({"quantity": 1}, 0)),
        ((*ONLY_SET_ASIDE, "2-1"), ({"quantity": 2}, 1)),
        ((*ONLY_SET_ASIDE, "2-1"), ({"quantity": 1}, None)),
        (("1-3", "3-2", "3-3"), ({"quantity": 2, "price_category": "front"}, 1)),
        (("1-3", "1-4", "3-2"), ({"quantity": 2, "price_category": "front"}, None)),
        (ALL_BUT_ACCESSIBLE, ({"quantity": 2, "accessible_seats": 1}, 0)),
        (ONLY_SET_ASIDE, ({"quantity": 3, "accessible_seats": 3}, 0)),
        (ONLY_SET_ASIDE, ({"quantity": 4, "accessible_seats": 1}, 3)),
        (ONLY_SET_ASIDE, ({"quantity": 2, "accessible_seats": 1}, None)),
        (
            ("3-1", "1-3"),
            ({"quantity": 1, "accessible_seats": 1, "price_category": "front"}, 0),
        ),
        # By name anybody may have them.
        (ONLY_SET_ASIDE, (named("1-1", "1-2"), None)),
    ],
    ids=str,
)
async def test_only_seats_that_are_for_whoever_asks_count_as_free(
    api: HttpApi,
    buyer: httpx.AsyncClient,
    hall: int,
    free: tuple[str, ...],
    order: tuple[dict[str, object], int | None],
) -> None:
    asked, available = order
    for row in range(3):
        for seat in range(4):
            if f"{row + 1}-{seat + 1}" not in free:
                api.events.take(hall, "A", 1, row * 4 + seat)
    await remember(api, hall)
    answer = await book(buyer, hall, **asked)
    if available is None:
        assert answer.status_code == 202, answer.text
    else:
        assert problem(answer, 409, "SOLD_OUT")["available"] == available
        assert api.commands.posted == []


async def test_accessible_seats_of_a_hall_that_has_none_are_sold_out(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    await remember(api, event)
    refused = problem(await book(buyer, event, accessible_seats=1), 409, "SOLD_OUT")
    assert refused["available"] == 0


@pytest.mark.parametrize(
    ("asked", "alternatives"),
    [
        ("3-2", [["3-4"], ["2-1"], ["2-4"]]),
        ("3-3,3-4", [["2-3", "2-4"], ["1-3", "1-4"], ["2-1", "2-2"]]),
        # An accessible seat: those who ask for one are shown others.
        ("3-1", [["2-1"], ["3-4"], ["1-1"]]),
    ],
)
async def test_anyone_may_ask_for_alternatives(
    anyone: httpx.AsyncClient, hall: int, asked: str, alternatives: list[list[str]]
) -> None:
    found = await anyone.get(ALTERNATIVES.format(hall), params={"seats": asked})
    assert found.status_code == 200, found.text
    assert found.json() == {"alternatives": alternatives}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "VALIDATION_ERROR"),
        ("?seats=", 422, "VALIDATION_ERROR"),
        ("?seats=1-1,", 422, "VALIDATION_ERROR"),
        ("?seats=1-1,1-1", 422, "VALIDATION_ERROR"),
        ("?seats=1-1;1-2", 422, "VALIDATION_ERROR"),
        ("?seats=1-1&seats=1-2", 422, "VALIDATION_ERROR"),
        ("?seats=" + ",".join(f"1-{seat}" for seat in range(1, 12)), 422, "VALIDATION_ERROR"),
        ("?seats=1-" + "9" * 5_000, 422, "SEAT_OUT_OF_RANGE"),
        ("?seats=1-5", 422, "SEAT_OUT_OF_RANGE"),
    ],
)
async def test_alternatives_to_what_cannot_be_are_refused(
    anyone: httpx.AsyncClient, hall: int, query: str, status: int, code: str
) -> None:
    problem(await anyone.get(ALTERNATIVES.format(hall) + query), status, code)


async def test_alternatives_of_what_is_not_there_are_not_found(
    anyone: httpx.AsyncClient, hall: int
) -> None:
    lost = await anyone.get(ALTERNATIVES.format(999) + "?seats=1-1")
    problem(lost, 404, "EVENT_NOT_FOUND")
    other = ALTERNATIVES.format(hall).replace("subsection/1", "subsection/2")
    problem(await anyone.get(other + "?seats=1-1"), 404, "SUBSECTION_NOT_FOUND")
