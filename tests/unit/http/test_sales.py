"""What a seller sees and does of a sale, as the contract has it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.http_api import HttpApi, booking_form, event_form

CARD = {"card_number": "4242 4242 4242 4242"}
HEADING = (
    "section,subsection,row,seat,status,price_cents,price_decimal,currency,booking_id,booked_at_utc"
)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    return document


async def held(api: HttpApi, buyer: httpx.AsyncClient, event: int, *seats: str) -> str:
    form = booking_form(event_id=event, quantity=len(seats))
    booking = (await buyer.post("/api/booking", json=form)).json()
    expires_at = datetime.now(UTC) + timedelta(minutes=10)
    api.bookings.hold(UUID(booking["id"]), seats, expires_at)
    booking_id: str = booking["id"]
    return booking_id


async def block(seller: httpx.AsyncClient, event: int, *seats: str, how: str = "block") -> object:
    path = f"/api/event/{event}/sections/A/subsection/1/{how}"
    answer = await seller.post(path, json={"seats": seats})
    return answer.json() if answer.status_code == 200 else _problem(answer)


async def test_sales_are_told_by_subsection_and_in_all(
    api: HttpApi, seller: httpx.AsyncClient, buyer: httpx.AsyncClient, event: int
) -> None:
    await held(api, buyer, event, "1-1")
    sold = await held(api, buyer, event, "2-1", "2-2")
    await buyer.post(f"/api/booking/{sold}/pay", json=CARD)
    await block(seller, event, "4-5")

    sales = (await seller.get(f"/api/event/{event}/sales")).json()

    first, second = sales.pop("sections")
    assert len(sales.pop("bookings_last_minute")) == 60
    assert sales == {
        "event_id": event,
        "currency": "USD",
        "available": 36,
        "reserved": 1,
        "sold": 2,
        "blocked": 1,
        "revenue": 3_000,
        "refunds_due": 0,
    }
    assert first == {
        "section": "A",
        "subsection": 1,
        "price": 1_500,
        "available": 16,
        "reserved": 1,
        "sold": 2,
        "blocked": 1,
        "revenue": 3_000,
    }
    assert (second["subsection"], second["available"], second["revenue"]) == (2, 20, 0)


async def test_what_the_seller_blocks_shows_in_the_next_figures(
    seller: httpx.AsyncClient, event: int
) -> None:
    for number in range(3):
        assert await block(seller, event, f"1-{number + 1}")
        sales = (await seller.get(f"/api/event/{event}/sales")).json()
        assert sales["blocked"] == number + 1


async def test_the_file_has_a_line_for_each_ticket_and_nobodys_name(
    api: HttpApi, seller: httpx.AsyncClient, buyer: httpx.AsyncClient, event: int
) -> None:
    sold = await held(api, buyer, event, "2-1", "2-2")
    await buyer.post(f"/api/booking/{sold}/pay", json=CARD)
    waiting = await held(api, buyer, event, "1-3")

    answer = await seller.get(f"/api/event/{event}/sales.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"event-{event}-tickets.csv" in answer.headers["content-disposition"]
    heading, *lines = answer.text.splitlines()
    assert heading == HEADING
    assert [line.rpartition(",")[0] for line in lines] == [
        f"A,1,1,3,reserved,1500,15.00,USD,{waiting}",
        f"A,1,2,1,sold,1500,15.00,USD,{sold}",
        f"A,1,2,2,sold,1500,15.00,USD,{sold}",
    ]
    assert "example.test" not in answer.text


async def test_an_event_without_a_sale_has_a_heading(seller: httpx.AsyncClient, event: int) -> None:
    assert (await seller.get(f"/api/event/{event}/sales.csv")).text == HEADING + "\r\n"


async def test_seats_are_blocked_and_unblocked_all_or_none(
    seller: httpx.AsyncClient, event: int
) -> None:
    assert await block(seller, event, "1-2", "1-1") == {"seats": ["1-1", "1-2"]}
    refused = await block(seller, event, "1-1", "1-3")
    assert isinstance(refused, dict)
    assert (refused["code"], refused["seats"]) == ("SEAT_CONFLICT", ["1-1"])
    assert await block(seller, event, "1-1", how="unblock") == {"seats": ["1-1"]}
    refused = await block(seller, event, "1-1", "1-2", how="unblock")
    assert isinstance(refused, dict)
    assert refused["detail"] == "Not blocked: 1-1."


async def test_every_seat_of_the_largest_subsection_is_blocked_at_once(
    seller: httpx.AsyncClient,
) -> None:
    hall = {"rows": 100, "cols": 100, "sections": [{"name": "A", "price": 1, "subsections": 1}]}
    event = (await seller.post("/api/event", json=event_form(seating_config=hall))).json()["id"]
    seats = [f"{row}-{seat}" for row in range(1, 101) for seat in range(1, 101)]
    assert await block(seller, event, *seats) == {"seats": seats}
    refused = await block(seller, event, *seats)
    assert isinstance(refused, dict)
    assert len(refused["seats"]) == len(seats)
    assert refused["detail"].endswith("and 9990 more.")


@pytest.mark.parametrize(
    ("seats", "code"),
    [
        ([], "VALIDATION_ERROR"),
        (["1-1", "1-1"], "VALIDATION_ERROR"),
        (["1"], "VALIDATION_ERROR"),
        ([1], "VALIDATION_ERROR"),
        (["1-1"] * 10_001, "VALIDATION_ERROR"),
        (["9-9"], "SEAT_OUT_OF_RANGE"),
    ],
    ids=str,
)
async def test_seats_that_nobody_can_block_are_refused(
    seller: httpx.AsyncClient, event: int, seats: list[object], code: str
) -> None:
    path = f"/api/event/{event}/sections/A/subsection/1/block"
    assert _problem(await seller.post(path, json={"seats": seats}))["code"] == code


async def test_an_event_is_cancelled_once_and_for_all(
    seller: httpx.AsyncClient, buyer: httpx.AsyncClient, event: int
) -> None:
    cancelled = await seller.post(f"/api/event/{event}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    again = await seller.post(f"/api/event/{event}/cancel")
    assert (again.status_code, _problem(again)["code"]) == (409, "EVENT_CANCELLED")
    for changes in ({"name": "Another"}, {}):
        refused = await seller.patch(f"/api/event/{event}", json=changes)
        assert _problem(refused)["code"] == "EVENT_CANCELLED"
    booked = await buyer.post("/api/booking", json=booking_form(event_id=event))
    assert _problem(booked)["code"] == "EVENT_NOT_ON_SALE"
    blocked = await block(seller, event, "1-1")
    assert isinstance(blocked, dict)
    assert blocked["code"] == "EVENT_CANCELLED"
    assert (await seller.get(f"/api/event/{event}")).json()["status"] == "cancelled"
    listed = (await seller.get("/api/event?status=cancelled")).json()["items"]
    assert [each["id"] for each in listed] == [event]


async def test_what_is_the_sellers_is_nobody_elses(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    calls = (
        ("GET", f"/api/event/{event}/sales"),
        ("GET", f"/api/event/{event}/sales.csv"),
        ("POST", f"/api/event/{event}/cancel"),
    )
    async with await api.log_in_as("other", "seller") as other, api.client() as anyone:
        for method, path in calls:
            for client, code in (
                (buyer, "FORBIDDEN_ROLE"),
                (other, "NOT_OWNER"),
                (anyone, "NOT_AUTHENTICATED"),
            ):
                assert _problem(await client.request(method, path))["code"] == code
            missing = path.replace(str(event), "999")
            assert _problem(await other.request(method, missing))["code"] == "EVENT_NOT_FOUND"


async def test_a_buyer_is_told_the_limit_and_what_is_taken_of_it(
    seller: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    form = event_form(max_tickets_per_buyer=3)
    event = (await seller.post("/api/event", json=form)).json()
    assert event["max_tickets_per_buyer"] == 3
    order = booking_form(event_id=event["id"], quantity=2)
    assert (await buyer.post("/api/booking", json=order)).status_code == 202
    refused = await buyer.post("/api/booking", json=order)
    assert refused.status_code == 409
    document = _problem(refused)
    assert (document["code"], document["limit"], document["taken"]) == (
        *("TICKET_LIMIT_REACHED", 3),
        2,
    )
    changed = await seller.patch(f"/api/event/{event['id']}", json={"max_tickets_per_buyer": None})
    assert changed.json()["max_tickets_per_buyer"] is None
    for wrong in (0, 101, "4", 1.5):
        answer = await seller.patch(
            f"/api/event/{event['id']}", json={"max_tickets_per_buyer": wrong}
        )
        assert _problem(answer)["code"] == "VALIDATION_ERROR"
