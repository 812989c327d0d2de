"""What sellers do while people buy: limits, blocked seats, figures, and an event that is off."""

import asyncio
import csv
import io
from collections import Counter

import httpx

from tests.support.both_buses import ON_BOTH_BUSES
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller, check_problem, join_buyers

REFUND_SECONDS_MAX = 30.0


async def test_fifty_requests_of_a_buyer_at_once_get_the_limit(
    seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    event_id = await seller.open_event(max_tickets_per_buyer=4)
    order = buyer.order(event_id)
    answers = await asyncio.gather(
        *(buyer.send("POST", "/api/booking", json=order) for _ in range(50))
    )
    assert Counter(answer.status_code for answer in answers) == {202: 4, 409: 46}
    refused = next(answer for answer in answers if answer.is_error)
    problem = check_problem(refused, 409, "TICKET_LIMIT_REACHED")
    assert problem["limit"] == 4
    accepted = [answer.json() for answer in answers if answer.is_success]
    first = await buyer.settled(accepted[0]["id"])
    assert (await buyer.cancel(first["id"])).status_code == 200
    assert (await buyer.hold(event_id))["status"] == "pending_payment"
    system.verify(event_id)


async def test_seats_are_blocked_while_they_are_booked(
    seller: Seller, http: httpx.AsyncClient, event_id: int, system: OnsaleUp
) -> None:
    buyers = await join_buyers(http, 5)
    place = f"/api/event/{event_id}/sections/A/subsection/1"

    async def buy(buyer: Buyer, number: int) -> str | None:
        order = buyer.order(event_id, *([f"1-{number + 1}"] if number % 2 else []))
        answer = await buyer.send("POST", "/api/booking", json=order)
        return answer.json()["id"] if answer.is_success else None

    async def block(row: int) -> bool:
        seats = {"seats": [f"{row}-{seat}" for seat in range(1, 4)]}
        answer = await seller.send("POST", f"{place}/block", json=seats)
        if answer.is_error:
            check_problem(answer, 409, "SEAT_CONFLICT")
        return answer.is_success

    buying = [buy(buyer, number) for number in range(5) for buyer in buyers]
    outcomes = await asyncio.gather(*buying, *(block(row) for row in (1, 2, 5)))
    blocked = [row for row, is_blocked in zip((1, 2, 5), outcomes[-3:], strict=True) if is_blocked]
    assert 5 in blocked, "nobody was near"
    for buyer in buyers:
        for booking in await buyer.all_items("/api/booking"):
            assert (await buyer.settled(booking["id"]))["status"] in ("pending_payment", "failed")
    sales = await seller.get(f"/api/event/{event_id}/sales")
    assert sales["blocked"] == 3 * len(blocked)
    system.verify(event_id)
    await seller.expect(200, "POST", f"{place}/unblock", {"seats": ["5-1", "5-2", "5-3"]})
    await wait_for(
        lambda: seller.seats(event_id),
        lambda seats: bool(seats["5-1"] == "available"),
        seconds_max=REFUND_SECONDS_MAX,
    )
    system.verify(event_id)


@ON_BOTH_BUSES
async def test_an_event_that_is_off_gives_everybodys_money_back(
    seller: Seller, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    buyers = await join_buyers(http, 4)
    bookings = [(await buyer.hold(event_id, quantity=2))["id"] for buyer in buyers]
    for buyer, booking in zip(buyers[:3], bookings, strict=False):
        assert (await buyer.pay(booking)).status_code == 200
    table = await seller.send("GET", f"/api/event/{event_id}/sales.csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert Counter(row["status"] for row in rows) == {"sold": 6, "reserved": 2}
    sales = await seller.get(f"/api/event/{event_id}/sales")
    assert (sales["revenue"], sales["sold"], sales["reserved"]) == (6_000, 6, 2)
    assert sum(sales["bookings_last_minute"]) == 4

    async with buyers[3].follow(f"/api/booking/{bookings[3]}/sse") as stream:
        await seller.expect(202, "POST", f"/api/event/{event_id}/cancel")
        over = await stream.until("status", "cancelled")
        assert over.data["cancel_reason"] == "event_cancelled"
    check_problem(
        await seller.send("POST", f"/api/event/{event_id}/cancel"), 409, "EVENT_CANCELLED"
    )
    order = buyers[0].order(event_id)
    refused = await buyers[0].send("POST", "/api/booking", json=order)
    check_problem(refused, 409, "EVENT_NOT_ON_SALE")
    await wait_for(
        lambda: seller.get(f"/api/event/{event_id}/sales"),
        lambda figures: bool(figures["refunds_due"] == 0 and figures["sold"] == 0),
        seconds_max=REFUND_SECONDS_MAX,
    )
    for buyer, booking in zip(buyers, bookings, strict=True):
        ended = await buyer.booking(booking)
        assert (ended["status"], ended["cancel_reason"]) == ("cancelled", "event_cancelled")
        assert ended["tickets"] == []
    assert (await seller.event(event_id))["status"] == "cancelled"
    system.verify(event_id)
