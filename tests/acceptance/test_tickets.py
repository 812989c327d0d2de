"""From a paid booking through its QR code to the door, as people meet it."""

import asyncio

import httpx

from tests.support.onsale_up import OnsaleUp
from tests.support.qr_codes import text_in
from tests.support.visitors import Buyer, JsonObject, Seller, check_problem

DOOR_COUNT = 50


async def bought(buyer: Buyer, event_id: int, *seats: str) -> JsonObject:
    """A completed booking of these seats as its buyer sees it."""
    held = await buyer.hold(event_id, *seats)
    assert all("code" not in ticket for ticket in held["tickets"])
    assert (await buyer.pay(held["id"])).status_code == 200
    return await buyer.booking(held["id"])


async def admit(seller: Seller, event_id: int, code: str) -> httpx.Response:
    return await seller.send("POST", f"/api/event/{event_id}/admission", json={"code": code})


async def test_the_door_reads_what_the_buyer_shows(
    buyer: Buyer, seller: Seller, event_id: int, system: OnsaleUp
) -> None:
    booking = await bought(buyer, event_id, "1-1", "1-2")
    for ticket in booking["tickets"]:
        path = f"/api/booking/{booking['id']}/tickets/{ticket['id']}/qr.svg"
        picture = await buyer.send("GET", path)
        assert picture.headers["cache-control"] == "no-store"
        shown = text_in(picture.text)
        assert shown == ticket["code"]

        admitted = (await admit(seller, event_id, shown)).json()
        again = await admit(seller, event_id, shown)
        refusal = check_problem(again, 409, "ALREADY_ADMITTED")
        assert refusal["admitted_at"] == admitted.pop("admitted_at")
        place = {name: ticket[name] for name in ("section", "subsection", "row", "seat")}
        assert admitted == {"ticket_id": ticket["id"], **place}
    assert await buyer.booking(booking["id"]) == booking
    system.verify(event_id)


async def test_the_seller_and_the_lists_and_the_stream_show_no_code(
    buyer: Buyer, seller: Seller, event_id: int
) -> None:
    booking = await bought(buyer, event_id, "1-1")
    path = f"/api/booking/{booking['id']}"
    (code,) = [ticket["code"] for ticket in booking["tickets"]]
    async with buyer.follow(f"{path}/sse") as stream:
        followed = await stream.rest()
    for shown in (
        await seller.get(path),
        await seller.get("/api/booking"),
        await buyer.get("/api/booking"),
        [event.data for event in followed],
    ):
        assert code not in str(shown)


async def test_a_code_opens_the_door_of_its_event_alone(
    buyer: Buyer, seller: Seller, event_id: int
) -> None:
    booking, other = await bought(buyer, event_id, "1-1"), await seller.open_event()
    (code,) = [ticket["code"] for ticket in booking["tickets"]]
    check_problem(await admit(seller, other, code), 422, "TICKET_NOT_VALID")
    for forged in (code[:-1], code.swapcase(), f" {code}", "🎫", "A" * 900_000, ""):
        check_problem(await admit(seller, event_id, forged), 422, "TICKET_NOT_VALID")
    assert (await admit(seller, event_id, code)).status_code == 200


async def test_of_fifty_doors_at_once_one_lets_somebody_in(
    buyer: Buyer, seller: Seller, event_id: int
) -> None:
    booking = await bought(buyer, event_id, "1-1")
    (code,) = [ticket["code"] for ticket in booking["tickets"]]
    answers = await asyncio.gather(*(admit(seller, event_id, code) for _ in range(DOOR_COUNT)))
    (winner,) = [answer.json() for answer in answers if answer.is_success]
    losers = [answer for answer in answers if answer.is_error]
    for answer in losers:
        refusal = check_problem(answer, 409, "ALREADY_ADMITTED")
        assert refusal["admitted_at"] == winner["admitted_at"]
    assert len(losers) == DOOR_COUNT - 1


async def test_no_code_stands_in_a_log(
    buyer: Buyer, seller: Seller, event_id: int, system: OnsaleUp
) -> None:
    booking = await bought(buyer, event_id, "1-1")
    (code,) = [ticket["code"] for ticket in booking["tickets"]]
    for shown in (code, f"{code}x", code):
        await admit(seller, event_id, shown)
    assert system.logs_with(code) == []
