"""What a seller and a buyer do from beginning to end, on either broker."""

import httpx

from tests.support.both_buses import ON_BOTH_BUSES
from tests.support.onsale_up import PASSWORD, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, Visitor, new_email, regular_hall

pytestmark = ON_BOTH_BUSES

# What the design promises of maps and counts, and some leeway for a busy machine.
LAG_SECONDS_MAX = 3.0


async def test_an_account_is_opened_and_used_by_cookie(system: OnsaleUp, visitor: Visitor) -> None:
    email = new_email()
    account = {"email": email.upper(), "password": PASSWORD, "name": "Ada", "role": "buyer"}
    user = await visitor.expect(201, "POST", "/api/user", account)
    assert user.keys() == {"id", "email", "name", "role", "is_active"}
    assert (user["name"], user["role"], user["is_active"]) == ("Ada", "buyer", True)

    response = await visitor.send(
        "POST", "/api/user/login", json={"email": email, "password": PASSWORD}
    )
    assert response.json() == {**user, "access_token": response.json()["access_token"]}
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    # The client keeps the cookie as a browser does, and sends nothing else.
    assert await visitor.get("/api/user/me") == user


async def test_a_token_is_good_without_a_cookie(system: OnsaleUp, buyer: Buyer) -> None:
    async with httpx.AsyncClient(base_url=system.base_url) as other:
        session = Visitor(other, buyer.token)
        assert (await session.get("/api/user/me"))["email"] == buyer.email


async def test_both_forms_of_a_hall_make_the_same_event(seller: Seller, visitor: Visitor) -> None:
    short = {
        "rows": 3,
        "cols": 4,
        "sections": [
            {"name": "A", "price": 150_000, "subsections": 2},
            {"name": "VIP-1", "price": 0, "subsections": 1},
        ],
    }
    rectangle = {"rows": 3, "seats_per_row": 4}
    long = {
        "sections": [
            {
                "name": "A",
                "price": 150_000,
                "subsections": [{"number": 1, **rectangle}, {"number": 2, **rectangle}],
            },
            {"name": "VIP-1", "price": 0, "subsections": [{"number": 1, **rectangle}]},
        ]
    }
    for form in (short, long):
        made = await seller.create_event(form)
        assert made["status"] == "draft"
        assert made["seating_config"] == long
        assert (made["currency"], made["hold_seconds"], made["max_tickets_per_booking"]) == (
            "USD",
            600,
            4,
        )
        opened = await wait_for(
            lambda made=made: visitor.event(made["id"]),  # type: ignore[misc]
            lambda event: bool(event["status"] == "available"),
        )
        assert [
            (part["section"], part["subsection"], part["price"], part["available"])
            for part in opened["sections"]
        ] == [("A", 1, 150_000, 12), ("A", 2, 150_000, 12), ("VIP-1", 1, 0, 12)]


async def test_a_booking_is_followed_from_processing_to_completed(
    buyer: Buyer, event_id: int, system: OnsaleUp
) -> None:
    # With the one who chooses standing still, the stream is open before the seats are found.
    with system.paused("seat-reservation"):
        accepted = await buyer.book(event_id, "2-4", "2-3")
        assert accepted["status"] == "processing"
        assert accepted["seat_positions"] == ["2-3", "2-4"]
        assert accepted["status_url"] == f"/api/booking/{accepted['id']}/sse"
        assert await buyer.booking(accepted["id"]) == {**accepted, "tickets": []}
        stream_context = buyer.follow(accepted["status_url"])
        stream = await stream_context.__aenter__()
        first = await stream.next()
        assert first is not None
        assert first.name == "status_update"
        assert first.data == {**accepted, "tickets": []}
    try:
        held = await stream.until("status", "pending_payment")
        assert held.data["expires_at"] is not None
        paid = await buyer.pay(accepted["id"])
        assert paid.status_code == 200, paid.text
        rest = await stream.rest()
    finally:
        await stream_context.__aexit__(None, None, None)
    assert rest[-1].data["status"] == "completed"
    statuses = [event.data["status"] for event in stream.seen]
    path = ["processing", "pending_payment", "paid", "completed"]
    assert statuses == sorted(statuses, key=path.index), "never backwards"


async def test_a_booking_that_is_over_is_streamed_once_and_closed(
    buyer: Buyer, event_id: int
) -> None:
    held = await buyer.hold(event_id)
    assert (await buyer.cancel(held["id"])).status_code == 200
    async with buyer.follow(held["status_url"]) as stream:
        events = await stream.rest()
    assert [event.data["status"] for event in events] == ["cancelled"]


async def test_seats_are_held_paid_and_sold(
    buyer: Buyer, seller: Seller, event_id: int, system: OnsaleUp
) -> None:
    held = await buyer.hold(event_id, "1-1", "1-2", "1-3")
    assert held["seat_positions"] == ["1-1", "1-2", "1-3"]
    assert held["total_price"] == sum(ticket["price"] for ticket in held["tickets"]) == 3_000
    assert {ticket["status"] for ticket in held["tickets"]} == {"reserved"}
    await wait_for(
        lambda: buyer.counts(event_id),
        lambda counts: counts == (47, 3, 0),
        seconds_max=LAG_SECONDS_MAX,
    )

    payment = (await buyer.pay(held["id"])).json()
    assert payment.keys() == {"id", "status", "payment_id", "paid_at"}
    assert (payment["id"], payment["status"]) == (held["id"], "completed")
    assert payment["payment_id"]
    await wait_for(
        lambda: buyer.counts(event_id),
        lambda counts: counts == (47, 0, 3),
        seconds_max=LAG_SECONDS_MAX,
    )
    seats = await buyer.seats(event_id)
    assert {position for position, status in seats.items() if status == "sold"} == {
        "1-1",
        "1-2",
        "1-3",
    }
    completed = await seller.get(f"/api/booking/{held['id']}")
    bought = await buyer.booking(held["id"])
    # Who bought them may show them at the door; who sold them may not.
    assert all(ticket.pop("code") for ticket in bought["tickets"])
    assert completed == bought
    assert {ticket["status"] for ticket in completed["tickets"]} == {"sold"}
    assert completed["paid_at"] == payment["paid_at"]
    system.verify(event_id)


async def test_the_best_seats_are_those_together_in_front(buyer: Buyer, event_id: int) -> None:
    first = await buyer.hold(event_id, quantity=4)
    second = await buyer.hold(event_id, quantity=4)
    third = await buyer.hold(event_id, quantity=3)
    assert first["seat_positions"] == ["1-1", "1-2", "1-3", "1-4"]
    assert second["seat_positions"] == ["1-5", "1-6", "1-7", "1-8"]
    assert third["seat_positions"] == ["2-1", "2-2", "2-3"]


async def test_seats_of_a_cancelled_booking_are_offered_again(
    buyer: Buyer, http: httpx.AsyncClient, event_id: int, system: OnsaleUp
) -> None:
    held = await buyer.hold(event_id, "3-5", "3-6")
    assert (await buyer.seats(event_id))["3-5"] == "reserved"
    cancelled = await buyer.cancel(held["id"])
    assert cancelled.json() == {"id": held["id"], "status": "cancelled"}
    await wait_for(
        lambda: buyer.counts(event_id),
        lambda counts: counts == (50, 0, 0),
        seconds_max=LAG_SECONDS_MAX,
    )
    assert set((await buyer.seats(event_id)).values()) == {"available"}
    over = await buyer.booking(held["id"])
    assert (over["status"], over["cancel_reason"], over["tickets"]) == ("cancelled", "buyer", [])

    another = await Buyer.join(http)
    order = another.order(event_id, "3-5", "3-6")
    # What refuses before queueing may remember the seats as taken for as long as a map may lag.
    accepted = await wait_for(
        lambda: another.send("POST", "/api/booking", json=order),
        lambda response: response.status_code == 202,
        seconds_max=LAG_SECONDS_MAX,
    )
    assert (await another.settled(accepted.json()["id"]))["status"] == "pending_payment"
    system.verify(event_id)


async def test_a_hold_that_runs_out_frees_its_seats(buyer: Buyer, seller: Seller) -> None:
    event_id = await seller.open_event(hold_seconds=5)
    held = await buyer.hold(event_id, "1-1")
    over = await wait_for(
        lambda: buyer.booking(held["id"]),
        lambda booking: bool(booking["status"] == "cancelled"),
        seconds_max=10,
    )
    assert over["cancel_reason"] == "expired"
    await wait_for(
        lambda: buyer.counts(event_id),
        lambda counts: counts == (50, 0, 0),
        seconds_max=LAG_SECONDS_MAX,
    )
    late = await buyer.pay(held["id"])
    assert (late.status_code, late.json()["code"]) == (410, "HOLD_EXPIRED")


async def test_viewers_of_an_event_are_told_what_changed_and_nothing_else(
    buyer: Buyer, seller: Seller, visitor: Visitor
) -> None:
    event_id = await seller.open_event(regular_hall(rows=2, cols=3, subsections=3))
    async with visitor.follow(f"/api/event/{event_id}/sse") as stream:
        initial = await stream.next()
        assert initial is not None
        assert initial.name == "initial_status"
        assert initial.data == {
            "status": "available",
            "sections": (await visitor.event(event_id))["sections"],
        }
        held = await buyer.hold(event_id, "1-1", subsection=2)
        reserved = await stream.next()
        assert reserved is not None
        assert reserved.name == "status_update"
        assert [_counts(part) for part in reserved.data["sections"]] == [(2, 5, 1, 0)]
        await buyer.pay(held["id"])
        sold = await stream.next()
        assert sold is not None
        assert [_counts(part) for part in sold.data["sections"]] == [(2, 5, 0, 1)]


async def test_an_event_is_sold_out_while_no_seat_is_free(buyer: Buyer, seller: Seller) -> None:
    event_id = await seller.open_event(regular_hall(rows=1, cols=2))
    held = await buyer.hold(event_id, quantity=2)
    await wait_for(lambda: buyer.event(event_id), lambda event: bool(event["status"] == "sold_out"))
    await buyer.cancel(held["id"])
    await wait_for(
        lambda: buyer.event(event_id), lambda event: bool(event["status"] == "available")
    )


async def test_lists_are_paged_by_cursor_newest_first(
    buyer: Buyer, seller: Seller, event_id: int, visitor: Visitor
) -> None:
    made = [(await buyer.hold(event_id))["id"] for _ in range(5)]
    first = await buyer.get("/api/booking?limit=2")
    assert [item["id"] for item in first["items"]] == made[:2:-1]
    assert first["next_cursor"]
    assert [item["id"] for item in await buyer.all_items("/api/booking", limit=2)] == made[::-1]
    sellers = await seller.all_items(f"/api/booking?event_id={event_id}", limit=3)
    assert [item["id"] for item in sellers] == made[::-1]

    await buyer.cancel(made[1])
    cancelled = await buyer.get("/api/booking?status=cancelled")
    assert [item["id"] for item in cancelled["items"]] == [made[1]]
    assert cancelled["next_cursor"] is None

    second = await seller.open_event()
    mine = await seller.all_items("/api/event?mine=true", limit=1)
    assert [event["id"] for event in mine] == [second, event_id]
    listed = [event["id"] for event in await visitor.all_items("/api/event?status=available")]
    assert listed.index(second) < listed.index(event_id)


async def test_a_hidden_event_is_in_its_sellers_list_alone(
    buyer: Buyer, seller: Seller, event_id: int, visitor: Visitor
) -> None:
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"is_active": False})

    async def listed() -> list[int]:
        return [event["id"] for event in await visitor.all_items("/api/event")]

    await wait_for(listed, lambda ids: event_id not in ids, seconds_max=LAG_SECONDS_MAX)
    assert [event["id"] for event in await seller.all_items("/api/event?mine=true")] == [event_id]
    renamed = await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"name": "Gala"})
    assert (renamed["name"], renamed["description"], renamed["is_active"]) == (
        "Gala",
        "An evening.",
        False,
    )


async def test_a_repeated_request_with_its_key_gets_the_first_booking(
    buyer: Buyer, event_id: int
) -> None:
    order = buyer.order(event_id, "1-1", "1-2")
    key = {"Idempotency-Key": "my order"}
    first = await buyer.expect(202, "POST", "/api/booking", order, key)
    await buyer.settled(first["id"])
    again = await buyer.expect(202, "POST", "/api/booking", order, key)
    assert (again["id"], again["status"]) == (first["id"], "pending_payment")
    other = await buyer.send("POST", "/api/booking", json=buyer.order(event_id, "1-1"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(await buyer.all_items("/api/booking")) == 1


def _counts(part: JsonObject) -> tuple[int, int, int, int]:
    return part["subsection"], part["available"], part["reserved"], part["sold"]
