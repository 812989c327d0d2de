"""Clicks that come twice, or in two windows, count once."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser import Windows, be_refused_at_once
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

_CLICK_AGAIN_WHEN_LEAVING = """
(button) => {
  navigation.addEventListener(
    "navigate",
    () => setTimeout(() => { button.click(); clickedAgain(); }),
    { once: true },
  );
  button.click();
}
"""
A_BOOKING = re.compile("/bookings/[0-9a-f-]{36}$")


async def refused_booking(
    windows: Windows, buyer: Buyer, rival: Buyer, event_id: int, system: OnsaleUp
) -> Page:
    """A window in which other seats are offered, for the wanted ones were gone."""
    # Both are accepted before either is decided.
    with system.paused("seat-reservation"):
        await rival.book(event_id, "1-1", "1-2")
        booking = await buyer.book(event_id, "1-1", "1-2")
    await buyer.settled(booking["id"])
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{booking['id']}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("These seats were gone")
    return page


async def test_a_double_click_on_an_offer_takes_it_once(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    page = await refused_booking(windows, buyer, await Buyer.join(http), event_id, system)
    is_clicked_again = asyncio.Event()

    async def later(route: Route) -> None:
        # The page is still there when the second click comes.
        await is_clicked_again.wait()
        await route.continue_()

    await page.route(A_BOOKING, later)
    sent: list[str] = []
    page.on(
        "request",
        lambda one: sent.append(one.url) if one.url.endswith("/api/booking") else None,
    )
    await page.expose_function("clickedAgain", is_clicked_again.set)
    best = page.get_by_role("button", name="Take the best 2 seats")
    await best.evaluate(_CLICK_AGAIN_WHEN_LEAVING)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Pay and they are yours")
    assert len(sent) == 1


async def test_an_offer_that_is_gone_as_well_is_followed_by_others(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    rival = await Buyer.join(http)
    page = await refused_booking(windows, buyer, rival, event_id, system)
    offer = page.get_by_role("button", name="Take row 1, seats 3 and 4")
    await expect(offer).to_be_visible()
    await rival.hold(event_id, "1-3")
    await be_refused_at_once(page, rival, rival.order(event_id, "1-3"), "SEAT_CONFLICT")

    await offer.click()

    await expect(page.get_by_role("alert")).to_contain_text("Somebody was faster: row 1, seat 3.")
    await page.get_by_role("button", name="Take row").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pay and they are yours")


async def test_seats_that_the_same_buyer_took_in_another_window_are_called_theirs(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 4, seat 1,").click()
    await buyer.hold(event_id, "4-1")
    await expect(page.get_by_text("Row 4, seat 1: yours already.")).to_be_visible()
    await expect(page.get_by_role("gridcell", name="Row 4, seat 1, yours")).to_be_visible()
    await expect(page.get_by_label("What the seats' marks mean")).to_contain_text("Yours already")


async def test_a_window_that_hears_of_nothing_is_told_so_when_it_asks_for_them(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(page.get_by_text("Live: what others take")).to_be_visible()
    for news in ("**/api/event/*/sse", "**/seats"):
        await page.route(news, lambda route: route.abort("connectionreset"))
    await page.evaluate("() => window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("Not live just now")).to_be_visible()
    await page.get_by_role("gridcell", name="Row 4, seat 1,").click()
    await buyer.hold(event_id, "4-1")
    await be_refused_at_once(page, buyer, buyer.order(event_id, "4-1"), "SEAT_CONFLICT")

    await page.get_by_role("button", name="Hold 1 seat").click()

    await expect(page.get_by_text("Row 4, seat 1: yours already.")).to_be_visible()


async def test_a_double_click_blocks_a_row_once(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    await page.get_by_text("Block seats, or free them").click()
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.url.endswith("/block") else None)
    block = page.get_by_role("button", name="Block the row, 10 seats")
    await expect(block).to_be_visible()
    # The map does not show it for a while.
    await page.route("**/seats", lambda route: route.abort("connectionreset"))
    async with page.expect_response("**/block"):
        await block.click()
    await block.evaluate("(button) => button.click()")
    await page.unroute("**/seats")

    await expect(page.get_by_role("button", name="Free the row, 10 seats")).to_be_enabled()
    assert len(sent) == 1
