"""What the calls answer when all is well: exactly the fields of the contract."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from onsale.service.ticketing.app.interface.i_payment_gateway import Declined
from tests.support.http_api import HttpApi, booking_form, event_form
from tests.support.problems import problem

BOOKING_FIELDS = {
    *("id", "event_id", "section", "subsection", "seat_selection_mode", "quantity"),
    *("seat_positions", "total_price", "currency", "status", "failure_reason", "cancel_reason"),
    *("expires_at", "created_at", "paid_at", "status_url"),
}
EVENT_FIELDS = {
    *("id", "seller_id", "name", "description", "venue_name", "seating_config", "is_active"),
    *("status", "starts_at", "on_sale_at", "currency", "hold_seconds", "max_tickets_per_booking"),
    *("max_tickets_per_buyer", "leave_no_single_seats", "created_at"),
}
CARD = {"card_number": "4242 4242-4242 4242"}


async def book(buyer: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    accepted = await buyer.post("/api/booking", json=booking_form(**changes))
    assert accepted.status_code == 202, accepted.text
    booking: dict[str, Any] = accepted.json()
    return booking


def hold(api: HttpApi, booking: dict[str, Any], *positions: str, seconds: int = 600) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    api.bookings.hold(UUID(booking["id"]), positions, expires_at)


async def test_an_event_is_answered_in_the_long_form(seller: httpx.AsyncClient) -> None:
    created = await seller.post(
        "/api/event",
        json=event_form(name="  Evening ", starts_at="2030-05-01T19:30:00+02:00", currency="EUR"),
    )

    event = created.json()
    assert event.keys() == EVENT_FIELDS
    assert created.headers["location"] == f"/api/event/{event['id']}"
    assert event["name"] == "Evening"
    assert event["starts_at"] == "2030-05-01T17:30:00Z"
    assert event["on_sale_at"] is None
    assert event["hold_seconds"] == 600
    assert event["max_tickets_per_booking"] == 4
    assert event["seating_config"] == {
        "sections": [
            {
                "name": "A",
                "price": 1500,
                "subsections": [
                    {"number": 1, "rows": 4, "seats_per_row": 5},
                    {"number": 2, "rows": 4, "seats_per_row": 5},
                ],
            }
        ]
    }


async def test_the_long_form_comes_back_as_it_was_sent(seller: httpx.AsyncClient) -> None:
    sent = {
        "sections": [
            {
                "name": "B",
                "price": 0,
                "subsections": [
                    {"number": 7, "rows": 2, "seats_per_row": 9},
                    {"number": 3, "rows": 1, "seats_per_row": 1},
                ],
            },
            {
                "name": "A",
                "price": 5,
                "subsections": [{"number": 1, "rows": 1, "seats_per_row": 2}],
            },
        ]
    }

    created = await seller.post("/api/event", json=event_form(seating_config=sent))

    assert created.json()["seating_config"] == sent


async def test_one_event_has_its_counts(
    api: HttpApi, anyone: httpx.AsyncClient, event: int
) -> None:
    api.events.take(event, "A", 2, 0)

    found = (await anyone.get(f"/api/event/{event}")).json()

    assert found.keys() == EVENT_FIELDS | {"sections"}
    assert found["sections"][1] == {
        "section": "A",
        "subsection": 2,
        "price": 1500,
        "rows": 4,
        "seats_per_row": 5,
        "available": 19,
        "reserved": 1,
        "sold": 0,
        "blocked": 0,
    }


async def test_a_seat_map_names_every_seat(
    api: HttpApi, anyone: httpx.AsyncClient, event: int
) -> None:
    api.events.take(event, "A", 1, 6)

    found = (await anyone.get(f"/api/event/{event}/sections/A/subsection/1/seats")).json()

    assert len(found["seats"]) == 20
    assert found["seats"][0] == {"row": 1, "seat": 1, "status": "available", "price": 1500}
    assert found["seats"][6] == {"row": 2, "seat": 2, "status": "reserved", "price": 1500}
    assert (found["event_id"], found["section"], found["subsection"]) == (event, "A", 1)


async def test_a_seller_changes_what_is_given_and_nothing_else(
    seller: httpx.AsyncClient, event: int
) -> None:
    before = (await seller.get(f"/api/event/{event}")).json()
    del before["sections"]

    changed = await seller.patch(
        f"/api/event/{event}",
        json={"name": " Night ", "on_sale_at": "2030-01-01T00:00:00Z", "status": "sold_out"},
    )
    cleared = await seller.patch(f"/api/event/{event}", json={"on_sale_at": None})
    times = {"starts_at": "2030-02-01T20:00:00+01:00"}
    moved = await seller.patch(f"/api/event/{event}", json=times)
    unknown = await seller.patch(f"/api/event/{event}", json={"starts_at": None})
    same = await seller.patch(f"/api/event/{event}", json={})

    assert changed.json() == {**before, "name": "Night", "on_sale_at": "2030-01-01T00:00:00Z"}
    assert moved.json() == {**before, "name": "Night", "starts_at": "2030-02-01T19:00:00Z"}
    for answer in (cleared, unknown, same):
        assert answer.json() == {**before, "name": "Night"}


async def test_a_booking_is_accepted_with_all_its_fields(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    booking = await book(
        buyer, seat_selection_mode="manual", seat_positions=["2-1", "1-5"], quantity=2
    )

    assert booking.keys() == BOOKING_FIELDS
    assert UUID(booking["id"]).version == 7
    assert booking["status"] == "processing"
    assert booking["seat_positions"] == ["1-5", "2-1"]
    assert booking["total_price"] == 3000
    assert booking["status_url"] == f"/api/booking/{booking['id']}/sse"
    assert booking["created_at"].endswith("Z")
    assert [one.id for one in api.commands.posted] == [UUID(booking["id"])]


async def test_a_key_sent_again_answers_the_first_booking_as_it_is_now(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    headers = {"idempotency-key": "k" * 255}
    first = await buyer.post("/api/booking", json=booking_form(), headers=headers)
    hold(api, first.json(), "1-1", "1-2")

    again = await buyer.post("/api/booking", json=booking_form(), headers=headers)
    other = await buyer.post("/api/booking", json=booking_form(quantity=1), headers=headers)

    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["status"] == "pending_payment"
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(api.bookings.bookings) == 1


async def test_one_booking_has_its_tickets(
    api: HttpApi, buyer: httpx.AsyncClient, seller: httpx.AsyncClient, event: int
) -> None:
    booking = await book(buyer)
    hold(api, booking, "1-1", "1-2")

    for client in (buyer, seller):
        found = (await client.get(f"/api/booking/{booking['id']}")).json()
        assert found.keys() == BOOKING_FIELDS | {"tickets"}
        assert found["expires_at"].endswith("Z")
        assert [(one["row"], one["seat"]) for one in found["tickets"]] == [(1, 1), (1, 2)]
        assert found["tickets"][0] == {
            "id": 1000,
            "section": "A",
            "subsection": 1,
            "row": 1,
            "seat": 1,
            "price": 1500,
            "status": "reserved",
        }


async def test_a_held_booking_is_paid_once(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    booking = await book(buyer)
    hold(api, booking, "1-1", "1-2")

    paid = await buyer.post(f"/api/booking/{booking['id']}/pay", json=CARD)
    again = await buyer.post(f"/api/booking/{booking['id']}/pay", json=CARD)
    cancelled = await buyer.post(f"/api/booking/{booking['id']}/cancel")

    assert paid.json() == {
        "id": booking["id"],
        "status": "completed",
        "payment_id": "pay_1",
        "paid_at": paid.json()["paid_at"],
    }
    assert paid.json()["paid_at"].endswith("Z")
    assert api.gateway.cards == ["4242424242424242"]
    assert problem(again, 409, "BOOKING_NOT_PAYABLE")["current_status"] == "completed"
    problem(cancelled, 409, "BOOKING_NOT_CANCELLABLE")


async def test_what_becomes_of_a_payment_has_its_code(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    early, held, late = [await book(buyer) for _ in range(3)]
    hold(api, held, "1-1", "1-2")
    hold(api, late, "1-3", "1-4", seconds=-1)

    async def pay(booking: dict[str, Any]) -> httpx.Response:
        return await buyer.post(f"/api/booking/{booking['id']}/pay", json=CARD)

    problem(await pay(early), 409, "BOOKING_NOT_PAYABLE")
    problem(await pay(late), 410, "HOLD_EXPIRED")
    api.gateway.outcome = Declined("no funds")
    problem(await pay(held), 402, "PAYMENT_DECLINED")
    api.gateway.outcome = None
    problem(await pay(held), 504, "PAYMENT_UNKNOWN")
    problem(await pay(held), 409, "PAYMENT_IN_PROGRESS")
    cancelled = await buyer.post(f"/api/booking/{held['id']}/cancel")
    problem(cancelled, 409, "PAYMENT_IN_PROGRESS")


async def test_a_booking_is_cancelled_once(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    booking = await book(buyer)

    cancelled = await buyer.post(f"/api/booking/{booking['id']}/cancel")
    again = await buyer.post(f"/api/booking/{booking['id']}/cancel")
    paid = await buyer.post(f"/api/booking/{booking['id']}/pay", json=CARD)

    assert cancelled.json() == {"id": booking["id"], "status": "cancelled"}
    problem(again, 409, "BOOKING_NOT_CANCELLABLE")
    problem(paid, 409, "BOOKING_NOT_PAYABLE")


async def test_a_hidden_event_is_in_its_sellers_list_alone(
    anyone: httpx.AsyncClient, seller: httpx.AsyncClient, event: int
) -> None:
    await seller.patch(f"/api/event/{event}", json={"is_active": False})

    assert (await anyone.get("/api/event")).json()["items"] == []
    assert (await seller.get("/api/event")).json()["items"] == []
    (own,) = (await seller.get("/api/event", params={"mine": "true"})).json()["items"]
    assert own.keys() == EVENT_FIELDS
