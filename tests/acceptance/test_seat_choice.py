"""Price categories, accessible seats, single seats and alternatives, on the running system."""

from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, Visitor, check_problem

HALL: JsonObject = {
    "sections": [
        {
            "name": "A",
            "price": 1_000,
            "subsections": [
                {
                    "number": 1,
                    "rows": 3,
                    "seats_per_row": 6,
                    "price_categories": [{"name": "front", "price": 2_500, "rows": [1, 1]}],
                    "accessible": ["2-1"],
                    "companion": ["2-2"],
                }
            ],
        }
    ]
}
SUBSECTION = "/api/event/{}/sections/A/subsection/1"
# Until the API knows how the seats of a subsection stand that somebody asks for.
KNOWN_SECONDS_MAX = 10.0


async def wish(buyer: Buyer, event_id: int, quantity: int, **wishes: object) -> JsonObject:
    """A booking of best available seats, once it is settled."""
    order = {**buyer.order(event_id, quantity=quantity), **wishes}
    accepted = await buyer.expect(202, "POST", "/api/booking", order)
    settled = await buyer.settled(accepted["id"])
    return {**settled, "promised_price": accepted["total_price"]}


async def turned_away(buyer: Buyer, event_id: int, quantity: int, **wishes: object) -> JsonObject:
    """Why no such booking is accepted, once the API knows; until then each one fails."""
    order = {**buyer.order(event_id, quantity=quantity), **wishes}

    async def answer() -> JsonObject:
        sent = await buyer.send("POST", "/api/booking", json=order)
        body: JsonObject = sent.json()
        if sent.status_code == 202:
            assert (await buyer.settled(body["id"]))["failure_reason"] == "sold_out"
        return body

    return await wait_for(
        answer, lambda body: body.get("code") == "SOLD_OUT", seconds_max=KNOWN_SECONDS_MAX
    )


async def test_a_category_is_chosen_from_shown_and_paid_at_its_price(
    buyer: Buyer, seller: Seller, visitor: Visitor, system: OnsaleUp
) -> None:
    made = await seller.create_event(HALL)
    assert made["seating_config"] == HALL
    event_id = await seller.open_event(HALL)
    front = await wish(buyer, event_id, 2, price_category="front")
    assert front["seat_positions"] == ["1-1", "1-2"]
    assert (front["promised_price"], front["total_price"]) == (5_000, 5_000)
    assert [ticket["price"] for ticket in front["tickets"]] == [2_500, 2_500]
    mixed = await buyer.hold(event_id, "1-6", "3-6")
    assert mixed["total_price"] == 3_500
    assert (await buyer.pay(front["id"])).status_code == 200
    seats = await wait_for(
        lambda: visitor.get(f"{SUBSECTION.format(event_id)}/seats"),
        lambda found: bool(found["seats"][0]["status"] == "sold"),
    )
    assert seats["seats"][0] == {
        "row": 1,
        "seat": 1,
        "status": "sold",
        "price": 2_500,
        "category": "front",
    }
    assert seats["seats"][6]["kind"] == "accessible"
    assert seats["seats"][7]["kind"] == "companion"
    assert seats["seats"][8] == {"row": 2, "seat": 3, "status": "available", "price": 1_000}
    order = {**buyer.order(event_id, quantity=1), "price_category": "rear"}
    check_problem(await buyer.send("POST", "/api/booking", json=order), 422, "VALIDATION_ERROR")
    system.verify(event_id)


async def test_accessible_seats_are_kept_for_those_who_ask(buyer: Buyer, seller: Seller) -> None:
    event_id = await seller.open_event(HALL, max_tickets_per_booking=10)
    plain = [await wish(buyer, event_id, 4) for _ in range(4)]
    assert [each["status"] for each in plain] == ["pending_payment"] * 4
    taken = {seat for each in plain for seat in each["seat_positions"]}
    assert len(taken) == 16
    assert not taken & {"2-1", "2-2"}
    assert (await turned_away(buyer, event_id, 1))["available"] == 0
    assert (await turned_away(buyer, event_id, 2, accessible_seats=2))["available"] == 0
    together = await wish(buyer, event_id, 2, accessible_seats=1)
    assert together["seat_positions"] == ["2-1", "2-2"]


async def test_nobody_leaves_a_seat_alone_without_need(buyer: Buyer, seller: Seller) -> None:
    event_id = await seller.open_event(HALL)
    changed = await seller.expect(
        200, "PATCH", f"/api/event/{event_id}", {"leave_no_single_seats": True}
    )
    assert changed["leave_no_single_seats"] is True

    async def answer() -> JsonObject:
        # Refused at once, or accepted and then failed: it depends on what the API knows by then.
        sent = await buyer.send("POST", "/api/booking", json=buyer.order(event_id, "3-2", "3-3"))
        body: JsonObject = sent.json()
        if sent.status_code == 202:
            settled = await buyer.settled(body["id"])
            assert settled["failure_reason"] == "orphan_seat"
        return body

    refused = await wait_for(
        answer, lambda body: body.get("code") == "ORPHAN_SEAT", seconds_max=KNOWN_SECONDS_MAX
    )
    assert refused["status"] == 422
    assert refused["left_alone"] == ["3-1"]
    assert refused["alternatives"][:2] == [["3-1", "3-2"], ["3-3", "3-4"]]
    held = await buyer.hold(event_id, *refused["alternatives"][0])
    assert held["seat_positions"] == ["3-1", "3-2"]


async def test_whoever_comes_late_is_offered_the_seats_beside(
    buyer: Buyer, seller: Seller, visitor: Visitor
) -> None:
    event_id = await seller.open_event(HALL)
    await buyer.hold(event_id, "3-1", "3-2")
    late = await Buyer.join(buyer.http)

    async def answer() -> JsonObject:
        sent = await late.send("POST", "/api/booking", json=late.order(event_id, "3-1", "3-2"))
        body: JsonObject = sent.json()
        return body

    refused = await wait_for(
        answer, lambda body: body.get("code") == "SEAT_CONFLICT", seconds_max=KNOWN_SECONDS_MAX
    )
    offered = [["3-3", "3-4"], ["1-1", "1-2"], ["2-3", "2-4"]]
    assert refused["seats"] == ["3-1", "3-2"]
    assert refused["alternatives"] == offered
    found = await visitor.get(f"{SUBSECTION.format(event_id)}/alternatives?seats=3-1,3-2")
    assert found == {"alternatives": offered}
    outside = await visitor.send("GET", f"{SUBSECTION.format(event_id)}/alternatives?seats=4-1")
    check_problem(outside, 422, "SEAT_OUT_OF_RANGE")
