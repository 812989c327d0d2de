"""Whatever is sent: the right refusal, nothing changed, never an internal error, no secret told.

That no answer is an internal error or repeats a secret is checked for every request of these tests
in ``Visitor.send``; that no log does, when the system is stopped.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from tests.support.bad_bodies import (
    BAD_BOOKINGS,
    BAD_CONTENTS,
    BAD_EVENTS,
    BAD_ORDERS_OF_EVENTS,
    BAD_PATCHES,
    BAD_QUERIES,
    Content,
    changed,
)
from tests.support.onsale_up import CARD_NUMBER, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import (
    Buyer,
    JsonObject,
    Seller,
    Visitor,
    check_problem,
    connections,
    regular_hall,
)

UNKNOWN_EVENT = 999_999_999
UNKNOWN_BOOKING = "0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10"
MEGABYTE = 1_000_000
INVALID = (422, "VALIDATION_ERROR")
NO_SUBSECTION = (404, "SUBSECTION_NOT_FOUND")


@dataclass(slots=True)
class Stage:
    """Somebody's event of 25 rows of 20 seats, and what there is to be seen of it all."""

    buyer_token: str
    seller_token: str
    event_id: int
    hidden_event_id: int
    future_event_id: int
    census: JsonObject


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(redis_system: OnsaleUp) -> Stage:
    async with connections(redis_system.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        hall = regular_hall(rows=25, cols=20, subsections=2)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        hidden = await seller.open_event(hall)
        await seller.expect(200, "PATCH", f"/api/event/{hidden}", {"is_active": False})
        future = await seller.create_event(hall, on_sale_at="2099-01-01T00:00:00Z")
        await buyer.hold(event_id, "25-20")
        counted = await wait_for(
            lambda: take_census(buyer, seller, event_id),
            lambda census: bool(census["seats"][0]["reserved"] == 1),
        )
        return Stage(buyer.token, seller.token, event_id, hidden, future["id"], counted)


async def take_census(buyer: Buyer, seller: Seller, event_id: int) -> JsonObject:
    """Bookings, events and counts."""
    events = await seller.all_items("/api/event?mine=true")
    return {
        "bookings": await buyer.all_items("/api/booking"),
        # Opening by itself is no change of anybody's making.
        "events": [{**event, "status": None} for event in events],
        "seats": (await seller.event(event_id))["sections"],
    }


@pytest.fixture
async def buyer(http: httpx.AsyncClient, stage: Stage) -> Buyer:
    return Buyer(http, stage.buyer_token)


@pytest.fixture
async def seller(http: httpx.AsyncClient, stage: Stage) -> Seller:
    return Seller(http, stage.seller_token)


@pytest.fixture(autouse=True)
async def nothing_changes(buyer: Buyer, seller: Seller, stage: Stage) -> AsyncIterator[None]:
    """Around every test here: all is afterwards as it was before."""
    yield
    before = stage.census
    stage.census = await take_census(buyer, seller, stage.event_id)
    assert stage.census == before


@pytest.mark.parametrize("flaw", BAD_BOOKINGS)
async def test_a_booking_that_cannot_be_is_refused(buyer: Buyer, stage: Stage, flaw: str) -> None:
    changes, status, code = BAD_BOOKINGS[flaw]
    order = changed(buyer.order(stage.event_id, "1-1"), changes)
    check_problem(await buyer.send("POST", "/api/booking", json=order), status, code)


@pytest.mark.parametrize("flaw", BAD_ORDERS_OF_EVENTS)
async def test_a_booking_of_no_such_event_is_refused(buyer: Buyer, flaw: str) -> None:
    event_id, status, code = BAD_ORDERS_OF_EVENTS[flaw]
    order = changed(buyer.order(1), {"event_id": event_id})
    check_problem(await buyer.send("POST", "/api/booking", json=order), status, code)


async def test_an_event_that_is_hidden_or_not_open_yet_is_not_sold(
    buyer: Buyer, stage: Stage
) -> None:
    async def book(event_id: int) -> httpx.Response:
        return await buyer.send("POST", "/api/booking", json=buyer.order(event_id))

    check_problem(await book(stage.hidden_event_id), 409, "EVENT_NOT_ON_SALE")
    problem = check_problem(await book(stage.future_event_id), 409, "EVENT_NOT_ON_SALE")
    assert problem["on_sale_at"].startswith("2099-01-01")


async def test_an_event_in_draft_is_not_sold(
    system: OnsaleUp, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    another_seller = await Seller.join(http)
    # The one who loads seats stands still, so the event stays a draft.
    with system.paused("ticketing"):
        event = await another_seller.create_event()
        order = buyer.order(event["id"])
        refused = await buyer.send("POST", "/api/booking", json=order)
        check_problem(refused, 409, "EVENT_NOT_ON_SALE")
    await wait_for(
        lambda: buyer.event(event["id"]), lambda event: bool(event["status"] == "available")
    )
    assert await buyer.counts(event["id"]) == (50, 0, 0)


@pytest.mark.parametrize("flaw", BAD_CONTENTS)
@pytest.mark.parametrize("path", ["/api/booking", "/api/event", "/api/user", "/api/user/login"])
async def test_what_is_not_a_json_object_is_refused(
    buyer: Buyer, seller: Seller, path: str, flaw: str
) -> None:
    content: Content = BAD_CONTENTS[flaw]
    visitor = seller if path == "/api/event" else buyer
    answer = await visitor.send("POST", path, content=content.body, headers=content.headers)
    check_problem(answer, content.status, content.code)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/api/booking", MEGABYTE), ("/api/user", MEGABYTE), ("/api/event", 8 * MEGABYTE)],
)
async def test_a_body_that_is_too_large_is_refused(
    buyer: Buyer, seller: Seller, path: str, limit: int
) -> None:
    visitor = seller if path == "/api/event" else buyer
    headers = {"Content-Type": "application/json"}
    for size in (limit + 1, 10 * MEGABYTE):
        body = b'{"name": "' + b"x" * (size - 12) + b'"}'
        answer = await visitor.send("POST", path, content=body, headers=headers)
        check_problem(answer, 413, "BODY_TOO_LARGE")
    # One byte less is looked at.
    body = b'{"name": "' + b"x" * (limit - 12) + b'"}'
    answer = await visitor.send("POST", path, content=body, headers=headers)
    check_problem(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("flaw", BAD_EVENTS)
async def test_an_event_that_cannot_be_is_refused(seller: Seller, flaw: str) -> None:
    body = changed(seller.details(), BAD_EVENTS[flaw])
    problem = check_problem(
        await seller.send("POST", "/api/event", json=body), 422, "VALIDATION_ERROR"
    )
    assert problem["errors"], "the seller is told what is wrong"


@pytest.mark.parametrize("flaw", BAD_PATCHES)
async def test_a_change_that_cannot_be_is_refused(seller: Seller, stage: Stage, flaw: str) -> None:
    answer = await seller.send(
        "PATCH", f"/api/event/{stage.event_id}", json={"name": "New", **BAD_PATCHES[flaw]}
    )
    check_problem(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("call", ["", "/pay", "/cancel", "/sse"])
@pytest.mark.parametrize("booking_id", ["1", "not-a-uuid", "0" * 36, UNKNOWN_BOOKING[:-1], "%00"])
async def test_a_malformed_booking_id_is_refused(buyer: Buyer, call: str, booking_id: str) -> None:
    answer = await _call_booking(buyer, booking_id, call)
    check_problem(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("call", ["", "/pay", "/cancel", "/sse"])
async def test_an_unknown_booking_is_not_found(buyer: Buyer, call: str) -> None:
    answer = await _call_booking(buyer, UNKNOWN_BOOKING, call)
    check_problem(answer, 404, "BOOKING_NOT_FOUND")


@pytest.mark.parametrize("event_id", ["abc", "0", "-1", "1.5", "1e3", "+1", "01", "0x1", "%D9%A1"])
async def test_a_malformed_event_id_is_refused(seller: Seller, event_id: str) -> None:
    for method, path in _event_calls(event_id):
        answer = await seller.send(method, path, json={} if method == "PATCH" else None)
        check_problem(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("event_id", [UNKNOWN_EVENT, 2**63 - 1, 2**63, 10**30])
async def test_an_unknown_event_is_not_found(seller: Seller, event_id: int) -> None:
    for method, path in _event_calls(str(event_id)):
        answer = await seller.send(method, path, json={} if method == "PATCH" else None)
        check_problem(answer, 404, "EVENT_NOT_FOUND")


@pytest.mark.parametrize(
    ("subsection", "refusal"),
    [
        ("Z/subsection/1", NO_SUBSECTION),
        ("a/subsection/1", NO_SUBSECTION),
        ("A/subsection/3", NO_SUBSECTION),
        ("A/subsection/0", NO_SUBSECTION),
        ("A/subsection/-1", NO_SUBSECTION),
        (f"A/subsection/{'9' * 40}", NO_SUBSECTION),
        ("%00/subsection/1", INVALID),
        ("A/subsection/one", INVALID),
        ("A/subsection/1.0", INVALID),
    ],
)
async def test_seats_of_no_such_subsection_are_not_shown(
    visitor: Visitor, stage: Stage, subsection: str, refusal: tuple[int, str]
) -> None:
    path = f"/api/event/{stage.event_id}/sections/{subsection}/seats"
    check_problem(await visitor.send("GET", path), *refusal)


@pytest.mark.parametrize("query", BAD_QUERIES)
async def test_a_list_that_cannot_be_is_refused(seller: Seller, query: str) -> None:
    check_problem(await seller.send("GET", f"/api/{query}"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_an_idempotency_key_that_cannot_be_is_refused(
    buyer: Buyer, stage: Stage, key: str
) -> None:
    answer = await buyer.send(
        "POST",
        "/api/booking",
        json=buyer.order(stage.event_id),
        headers={"Idempotency-Key": key},
    )
    check_problem(answer, 422, "VALIDATION_ERROR")


async def test_what_is_not_there_is_not_found(buyer: Buyer) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/event/1/nothing", "/../etc/passwd"):
        check_problem(await buyer.send("GET", path), 404, "NOT_FOUND")
    for method, path in (("DELETE", "/api/booking"), ("PUT", "/api/event/1"), ("POST", "/livez")):
        answer = await buyer.send(method, path)
        check_problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"]


async def _call_booking(buyer: Buyer, booking_id: str, call: str) -> httpx.Response:
    method = "POST" if call in ("/pay", "/cancel") else "GET"
    body = {"card_number": CARD_NUMBER} if call == "/pay" else None
    return await buyer.send(method, f"/api/booking/{booking_id}{call}", json=body)


def _event_calls(event_id: str) -> list[tuple[str, str]]:
    path = f"/api/event/{event_id}"
    return [
        ("GET", path),
        ("PATCH", path),
        ("GET", f"{path}/sse"),
        ("GET", f"{path}/sections/A/subsection/1/seats"),
    ]
