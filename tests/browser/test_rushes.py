"""Several people want the same seats, and each sees what becomes of them."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Windows
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELD = re.compile("Pay and they are yours")
GONE = re.compile("These seats were gone")


async def choose(page: Page, event_id: int, *seats: str) -> None:
    await page.goto(f"/events/{event_id}/A/1")
    for seat in seats:
        row, number = seat.split("-")
        await page.get_by_role("gridcell", name=f"Row {row}, seat {number}, available").click()


async def test_of_two_who_want_one_seat_one_gets_it_and_the_other_is_offered_others(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    rival = await Buyer.join(http)
    pages = [await windows.open(buyer), await windows.open(rival)]
    await asyncio.gather(*(choose(page, event_id, "1-4", "1-5") for page in pages))

    # Both requests are accepted before either is decided.
    with system.paused("seat-reservation"):
        for page in pages:
            await page.get_by_role("button", name="Hold 2 seats").click()
        for page in pages:
            await expect(page.get_by_role("heading", level=1)).to_have_text("Finding your seats")
    for page in pages:
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            re.compile(f"{HELD.pattern}|{GONE.pattern}")
        )

    titles = [await page.get_by_role("heading", level=1).inner_text() for page in pages]
    assert sorted(titles) == ["Pay and they are yours", "These seats were gone"]
    loser = pages[titles.index("These seats were gone")]
    await expect(loser.get_by_role("alert")).to_contain_text("Somebody was faster")
    await loser.get_by_role("button", name="Take").first.click()
    await expect(loser.get_by_role("heading", level=1)).to_have_text(HELD)
    system.verify(event_id)


async def test_seats_that_others_take_change_before_ones_eyes(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    page = await windows.open(buyer)
    await choose(page, event_id, "2-1", "2-2")
    await expect(page.get_by_text("Live: what others take")).to_be_visible()

    held = await other.hold(event_id, "2-2", "3-3")

    # One of them had been chosen here: the choice goes, and others are offered.
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, held")).to_be_visible()
    await expect(page.get_by_role("gridcell", name="Row 2, seat 2, held")).to_have_attribute(
        "aria-selected", "false"
    )
    await expect(page.get_by_role("alert")).to_contain_text("Row 2, seat 2: somebody was faster.")
    await expect(page.get_by_role("button", name="Hold 1 seat")).to_be_visible()

    await other.pay(held["id"])
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, sold")).to_be_visible()


async def test_seats_that_were_given_up_come_back_before_ones_eyes(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event(regular_hall(rows=1, cols=2))
    other = await Buyer.join(http)
    held = await other.hold(event_id, quantity=2)
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("heading", name="Sold out")).to_be_visible()
    await expect(page.get_by_role("link", name="A 1")).to_contain_text("Sold out")

    await other.cancel(held["id"])

    await expect(page.get_by_role("link", name="A 1")).to_contain_text("2 left")
    await expect(page.get_by_role("heading", name="Sold out")).to_be_hidden()


async def test_a_conflict_at_the_door_offers_others_with_one_click(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await choose(page, event_id, "1-1", "1-2")
    # The contract of alternatives, whether this service has it already or not.
    await page.route(
        "**/api/booking",
        lambda route: route.fulfill(
            status=409,
            content_type="application/problem+json",
            json={
                "type": "urn:onsale:problem:seat-conflict",
                "title": "Seats are taken",
                "status": 409,
                "detail": "Not available: 1-1.",
                "code": "SEAT_CONFLICT",
                "seats": ["1-1"],
                "alternatives": [["1-3", "1-4"], ["2-1", "2-2"]],
            },
        ),
        times=1,
    )

    await page.get_by_role("button", name="Hold 2 seats").click()
    offer = page.get_by_role("button", name="Take row 1, seats 3 and 4")
    await expect(offer).to_contain_text("20.00 USD")
    await offer.click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    (booking,) = await buyer.all_items("/api/booking")
    assert booking["seat_positions"] == ["1-3", "1-4"]
