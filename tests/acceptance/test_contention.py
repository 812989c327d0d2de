"""Everybody wants the same seats at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

import httpx

from tests.support.booking_load import all_settled
from tests.support.both_buses import ON_BOTH_BUSES
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import (
    CONNECTION_COUNT_MAX,
    Buyer,
    JsonObject,
    Seller,
    Visitor,
    connections,
    join_buyers,
    regular_hall,
)

pytestmark = ON_BOTH_BUSES

WANTED_COUNT = 1_000
RIVAL_COUNT = 200


async def test_a_thousand_requests_for_five_hundred_seats(
    seller: Seller, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event(regular_hall(rows=25, cols=20))
    buyers = await join_buyers(http, 10)
    orders = [(buyers[number % 10], Buyer.order(event_id)) for number in range(WANTED_COUNT)]
    answers = await all_at_once(system, orders)

    bookings = await outcome(seller, event_id, answers)
    held = [booking for booking in bookings if booking["status"] == "pending_payment"]
    failed = [booking for booking in bookings if booking["status"] == "failed"]
    refused = [answer.json()["code"] for answer in answers if answer.status_code != 202]
    assert len(held) == 500
    assert len({booking["seat_positions"][0] for booking in held}) == 500, "no seat twice"
    assert {booking["failure_reason"] for booking in failed} <= {"sold_out"}
    assert set(refused) <= {"SOLD_OUT"}
    assert len(held) + len(failed) + len(refused) == WANTED_COUNT
    assert await seller.counts(event_id) == (0, 500, 0)
    system.verify(event_id)


async def test_two_hundred_buyers_want_the_same_four_seats(
    seller: Seller, event_id: int, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    seats = ("3-4", "3-5", "3-6", "3-7")
    buyers = await join_buyers(http, RIVAL_COUNT)
    answers = await all_at_once(
        system, [(buyer, Buyer.order(event_id, *seats)) for buyer in buyers]
    )

    bookings = await outcome(seller, event_id, answers)
    outcomes = Counter((booking["status"], booking["failure_reason"]) for booking in bookings)
    assert outcomes.pop(("pending_payment", None)) == 1
    assert outcomes.keys() <= {("failed", "seat_conflict")}
    refused = [answer.json() for answer in answers if answer.status_code != 202]
    assert {(problem["code"], *problem["seats"]) for problem in refused} <= {
        ("SEAT_CONFLICT", *seats)
    }
    assert outcomes.total() + len(refused) == RIVAL_COUNT - 1
    assert await seller.counts(event_id) == (46, 4, 0)
    system.verify(event_id)


async def test_overlapping_wishes_never_share_a_seat(
    seller: Seller, event_id: int, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    buyers = await join_buyers(http, 20)
    orders = []
    for number in range(300):
        row, first = number % 5 + 1, number % 7 + 1
        wish = [f"{row}-{seat}" for seat in range(first, first + 1 + number % 4)]
        orders.append((buyers[number % 20], Buyer.order(event_id, *wish)))
    answers = await all_at_once(system, orders)
    held = [
        seat
        for booking in await outcome(seller, event_id, answers)
        if booking["status"] == "pending_payment"
        for seat in booking["seat_positions"]
    ]
    assert len(held) == len(set(held)) > 0
    taken = {
        seat for seat, status in (await seller.seats(event_id)).items() if status != "available"
    }
    assert taken == set(held)
    system.verify(event_id)


async def test_one_key_used_by_many_requests_at_once_is_one_booking(
    buyer: Buyer, event_id: int
) -> None:
    order = buyer.order(event_id, quantity=2)
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(
        *(buyer.expect(202, "POST", "/api/booking", order, key) for _ in range(50))
    )
    assert len({answer["id"] for answer in answers}) == 1
    await buyer.settled(answers[0]["id"])
    assert await buyer.counts(event_id) == (48, 2, 0)


async def all_at_once(
    system: OnsaleUp, orders: Sequence[tuple[Buyer, JsonObject]]
) -> list[httpx.Response]:
    """Send every order without waiting for any, each over a connection of its own."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connections(system.base_url))
            for _ in range(-(-len(orders) // CONNECTION_COUNT_MAX))
        ]
        return await asyncio.gather(
            *(
                Visitor(clients[number // CONNECTION_COUNT_MAX], buyer.token).send(
                    "POST", "/api/booking", json=order
                )
                for number, (buyer, order) in enumerate(orders)
            )
        )


async def outcome(
    seller: Seller, event_id: int, answers: Sequence[httpx.Response]
) -> list[JsonObject]:
    """Every booking of the event once it is settled: those that were accepted and no other."""
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    path = f"/api/booking?event_id={event_id}"
    bookings = await all_settled(seller, accepted, path=path)
    assert len(bookings) == len(accepted)
    return bookings
