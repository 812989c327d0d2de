"""Codes of tickets, their pictures, and the door."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog

from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus, CancelReason
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
)
from onsale.service.ticketing.driving_adapter.schema.admission_schema import AdmitTicketRequest
from tests.support.http_api import SECRET, HttpApi, booking_form, event_form
from tests.support.problems import problem
from tests.support.qr_codes import text_in

CARD = {"card_number": "4242424242424242"}
DOOR = "/api/event/1/admission"
JSON = {"content-type": "application/json"}


@pytest.fixture
async def held(api: HttpApi, buyer: httpx.AsyncClient, event: int) -> str:
    """The path of a booking of seats 1-1 and 1-2 that waits for its payment."""
    booking = (await buyer.post("/api/booking", json=booking_form())).json()
    expires_at = datetime.now(UTC) + timedelta(minutes=10)
    api.bookings.hold(UUID(booking["id"]), ("1-1", "1-2"), expires_at)
    return f"/api/booking/{booking['id']}"


@pytest.fixture
async def bought(buyer: httpx.AsyncClient, held: str) -> str:
    """The path of the same, completed."""
    assert (await buyer.post(f"{held}/pay", json=CARD)).status_code == 200
    return held


async def tickets(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tickets"]
    return found


async def codes(buyer: httpx.AsyncClient, path: str) -> list[str]:
    return [ticket["code"] for ticket in await tickets(buyer, path)]


def end(api: HttpApi, path: str) -> None:
    """What a cancelled event does to its bookings."""
    booking = api.bookings.bookings[UUID(path.rpartition("/")[2])]
    booking.status, booking.cancel_reason = BookingStatus.CANCELLED, CancelReason.BUYER


async def test_only_the_buyer_sees_codes_and_only_of_a_completed_booking(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient, held: str
) -> None:
    assert all("code" not in ticket for ticket in await tickets(buyer, held))
    assert (await buyer.post(f"{held}/pay", json=CARD)).status_code == 200
    assert len(set(await codes(buyer, held))) == 2
    assert await codes(buyer, held) == await codes(buyer, held)
    for ticket in await tickets(seller, held):
        assert ticket.keys() == {*("id", "section", "subsection", "row", "seat", "price", "status")}
    for client in (buyer, seller):
        assert (await client.get(held)).headers["cache-control"] == "no-store"
        assert "code" not in (await client.get("/api/booking")).text


async def test_the_picture_says_the_code(buyer: httpx.AsyncClient, bought: str) -> None:
    for ticket in await tickets(buyer, bought):
        picture = await buyer.get(f"{bought}/tickets/{ticket['id']}/qr.svg")
        assert picture.status_code == 200
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.headers["cache-control"] == "no-store"
        assert "<script" not in picture.text
        assert "style=" not in picture.text
        assert text_in(picture.text) == ticket["code"]


async def test_there_is_no_picture_without_a_ticket_to_show(
    api: HttpApi, buyer: httpx.AsyncClient, held: str
) -> None:
    picture = f"{held}/tickets/1000/qr.svg"
    problem(await buyer.get(picture), 404, "TICKET_NOT_FOUND")
    assert (await buyer.post(f"{held}/pay", json=CARD)).status_code == 200
    assert (await buyer.get(picture)).status_code == 200
    for other in ("1002", str(2**63), "9" * 5_000):
        problem(await buyer.get(f"{held}/tickets/{other}/qr.svg"), 404, "TICKET_NOT_FOUND")
    for malformed in ("0", "-1", "x", "1.0", "%D9%A3"):
        problem(await buyer.get(f"{held}/tickets/{malformed}/qr.svg"), 422, "VALIDATION_ERROR")
    unknown = "/api/booking/0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10/tickets/1000/qr.svg"
    problem(await buyer.get(unknown), 404, "BOOKING_NOT_FOUND")
    end(api, held)
    problem(await buyer.get(picture), 404, "TICKET_NOT_FOUND")


async def test_nobody_else_gets_the_picture(
    anyone: httpx.AsyncClient,
    other_buyer: httpx.AsyncClient,
    seller: httpx.AsyncClient,
    bought: str,
) -> None:
    picture = f"{bought}/tickets/1000/qr.svg"
    problem(await anyone.get(picture), 401, "NOT_AUTHENTICATED")
    problem(await other_buyer.get(picture), 403, "NOT_OWNER")
    problem(await seller.get(picture), 403, "FORBIDDEN_ROLE")


async def test_a_ticket_lets_somebody_in_once(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient, bought: str
) -> None:
    first, second = await codes(buyer, bought)
    admitted = await seller.post(DOOR, json={"code": first})
    assert admitted.status_code == 200, admitted.text
    at = admitted.json().pop("admitted_at")
    assert admitted.json() == {
        "ticket_id": 1000,
        "section": "A",
        "subsection": 1,
        "row": 1,
        "seat": 1,
        "admitted_at": at,
    }
    for _ in range(2):
        refused = problem(await seller.post(DOOR, json={"code": first}), 409, "ALREADY_ADMITTED")
        assert refused["admitted_at"] == at
    assert (await seller.post(DOOR, json={"code": second})).json()["seat"] == 2


async def test_a_code_is_void_once_its_booking_is_not_completed(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient, bought: str
) -> None:
    first, second = await codes(buyer, bought)
    assert (await seller.post(DOOR, json={"code": first})).status_code == 200
    end(api, bought)
    assert await tickets(buyer, bought) == []
    for code in (first, second):
        problem(await seller.post(DOOR, json={"code": code}), 422, "TICKET_NOT_VALID")


async def test_another_event_is_another_door(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient, bought: str
) -> None:
    (code, _) = await codes(buyer, bought)
    other = (await seller.post("/api/event", json=event_form())).json()["id"]
    there = f"/api/event/{other}/admission"
    problem(await seller.post(there, json={"code": code}), 422, "TICKET_NOT_VALID")
    problem(
        await seller.post("/api/event/999/admission", json={"code": code}), 404, "EVENT_NOT_FOUND"
    )
    async with await api.log_in_as("rival", "seller") as rival:
        problem(await rival.post(DOOR, json={"code": code}), 403, "NOT_OWNER")
    problem(await buyer.post(DOOR, json={"code": code}), 403, "FORBIDDEN_ROLE")
    assert (await seller.post(DOOR, json={"code": code})).status_code == 200


@pytest.mark.parametrize(
    "code",
    [
        *("", " ", "A" * 56, "https://example.test/menu", "🎫" * 56, "\0" * 56),
        *("A" * 5_000, "é" * 400_000),
    ],
)
async def test_what_is_no_code_is_refused_without_asking_the_ledger(
    api: HttpApi, seller: httpx.AsyncClient, event: int, code: str
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("the ledger was asked")

    unasked = replace(api.services.admit_ticket, unit_of_work=type("", (), {"run": asked})())
    api.app = create_app(
        replace(api.services, admit_ticket=unasked, metrics=type(api.services.metrics)())
    )
    async with api.client(seller.headers["authorization"].split()[1]) as client:
        refused = await client.post(DOOR, json={"code": code})
    problem(refused, 422, "TICKET_NOT_VALID")
    assert len(refused.content) < 400


@pytest.mark.parametrize("body", [{}, {"code": None}, {"code": 1}, {"code": ["A" * 56]}, []])
async def test_a_body_without_a_code_is_no_request(
    seller: httpx.AsyncClient, event: int, body: object
) -> None:
    problem(await seller.post(DOOR, json=body), 422, "VALIDATION_ERROR")


async def test_half_of_a_character_is_no_text(seller: httpx.AsyncClient, event: int) -> None:
    body = b'{"code": "\\ud800"}'
    problem(await seller.post(DOOR, content=body, headers=JSON), 422, "VALIDATION_ERROR")


async def test_a_code_is_neither_repeated_nor_logged(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient, bought: str
) -> None:
    (code, _) = await codes(buyer, bought)
    bodies: list[Mapping[str, object]] = [{"code": f"{code}x"}, {"code": [code]}, {"code": code}]
    with structlog.testing.capture_logs() as logged:
        for body in [*bodies, *bodies]:
            assert code not in (await seller.post(DOOR, json=body)).text
    assert code not in repr(logged)
    assert code not in repr(AdmitTicketRequest.model_validate_json(json.dumps({"code": code})))


async def test_tickets_are_shown_at_a_rate(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient, bought: str
) -> None:
    rules = RateLimitRules(admission_per_user=Limit(2, 0.001))
    limits = RateLimits(rules, time.monotonic, secret=SECRET)
    api.app = create_app(
        replace(api.services, rate_limits=limits, metrics=type(api.services.metrics)())
    )
    (code, _) = await codes(buyer, bought)
    async with api.client(seller.headers["authorization"].split()[1]) as client:
        assert (await client.post(DOOR, json={"code": code})).status_code == 200
        problem(await client.post(DOOR, json={"code": code}), 409, "ALREADY_ADMITTED")
        refused = await client.post(DOOR, json={"code": code})
        problem(refused, 429, "RATE_LIMITED")
        assert refused.headers["retry-after"]
