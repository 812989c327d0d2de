"""What sellers do once an event is on sale: follow it, look at figures, block seats, cancel."""

import asyncio
import csv
import re

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.support.browser import (
    DESKTOP,
    PHONE,
    Windows,
    ask_when_told,
    faults_in_both_themes,
    screenshot,
    unfold,
)
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

HALL: JsonObject = {
    "rows": 10,
    "cols": 20,
    "sections": [
        {"name": "Stalls", "price": 8_500, "subsections": 3},
        {"name": "Circle", "price": 6_000, "subsections": 4},
    ],
}


async def test_a_sale_is_followed_live_hidden_and_shown(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(regular_hall(rows=2, cols=5))
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    held = await buyer.hold(event_id, "1-1", "1-2")
    row = page.get_by_role("row", name="A 1")
    await expect(row.get_by_role("cell").nth(2)).to_have_text("2")
    await buyer.pay(held["id"])
    await expect(row.get_by_role("cell").nth(3)).to_have_text("2")

    await page.get_by_role("button", name="Hide it").click()
    await expect(page.locator(".pill").first).to_have_text("Not on sale")
    assert (await seller.event(event_id))["is_active"] is False
    await page.get_by_role("button", name="Publish it").click()
    await expect(page.get_by_text("Everybody can see it.")).to_be_visible()
    await unfold(page, "The rules", "When the sale begins")
    await page.get_by_label("Tickets per buyer").fill("2")
    await page.get_by_label("Nobody may leave a single seat").check()
    await page.get_by_role("button", name="Set the rules").click()
    await expect(page.get_by_text("The rules hold from now on.")).to_be_visible()
    event = await seller.event(event_id)
    assert (event["max_tickets_per_buyer"], event["leave_no_single_seats"]) == (2, True)
    await page.get_by_label("Tickets per buyer").fill("")
    await page.get_by_role("button", name="Set the rules").click()
    await wait_for(
        lambda: seller.event(event_id),
        lambda found: found["max_tickets_per_buyer"] is None,
    )
    await page.get_by_label("On sale from").fill("2031-05-01T10:00")
    await page.get_by_role("button", name="Set the time").click()
    await expect(page.locator(".pill").first).to_contain_text("From 1 May")


async def test_only_its_seller_sees_how_an_event_sells(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    rival = await Seller.join(http)
    for member, words in ((rival, "Nothing here"), (buyer, "This page is for sellers")):
        page = await windows.open(member)
        for address in (f"/sell/events/{event_id}", f"/door/{event_id}"):
            await page.goto(address)
            await expect(page.get_by_role("heading", level=1)).to_have_text(words)


async def test_what_was_sold_is_told_in_figures_and_as_a_file(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(HALL, name="The Winter Quartet")
    order = buyer.order(event_id, "1-1", "1-2", section="Stalls")
    booking = await buyer.expect(202, "POST", "/api/booking", order)
    await buyer.settled(booking["id"])
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    chart = page.get_by_role("img", name=re.compile("^1 booking in the last minute"))
    await expect(chart).to_be_visible()
    await expect(tile(page, "Revenue")).to_contain_text("0.00 USD")

    await buyer.pay(booking["id"])

    await expect(tile(page, "Revenue")).to_contain_text("170.00 USD")
    row = page.get_by_role("row", name="Stalls 1")
    await expect(row.get_by_role("cell").last).to_have_text("170.00 USD")
    await screenshot(page, "sales")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Sales as CSV").click()
    download = await started.value
    assert download.suggested_filename == f"event-{event_id}-tickets.csv"
    lines = list(csv.DictReader((await download.path()).read_text().splitlines()))
    assert [(line["row"], line["seat"], line["price_decimal"]) for line in lines] == [
        ("1", "1", "85.00"),
        ("1", "2", "85.00"),
    ]


def tile(page: Page, name: str) -> Locator:
    return page.locator(".tile").filter(has_text=name)


async def open_block_panel(page: Page, event_id: int) -> None:
    await page.goto(f"/sell/events/{event_id}")
    await page.get_by_text("Block seats, or free them").click()
    await expect(page.get_by_role("gridcell", name="Row 1, seat 1,")).to_be_visible()


async def test_seats_are_blocked_and_freed_before_the_eyes_of_buyers(
    windows: Windows, seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    page, seen = await windows.open(seller), await windows.open(buyer)
    await open_block_panel(page, event_id)
    await seen.goto(f"/events/{event_id}/A/1")
    for seat in (1, 2):
        await page.get_by_role("gridcell", name=f"Row 1, seat {seat},").click()
    await page.get_by_role("button", name="Block 2 seats").click()
    await expect(page.get_by_text("2 seats are blocked.")).to_be_visible()
    for window in (page, seen):
        cell = window.get_by_role("gridcell", name="Row 1, seat 2, not for sale")
        await expect(cell).to_be_visible()
        await expect(window.get_by_label("What the seats' marks mean")).to_contain_text(
            "Not for sale"
        )
    await expect(tile(page, "Blocked")).to_contain_text("2")

    await page.get_by_role("gridcell", name="Row 1, seat 2,").click()
    await page.get_by_role("button", name="Free 1 blocked seat").click()
    await expect(page.get_by_text("1 seat is for sale again.")).to_be_visible()
    for window in (page, seen):
        cell = window.get_by_role("gridcell", name="Row 1, seat 2, available")
        await expect(cell).to_be_visible()
    system.verify(event_id)


async def test_a_map_of_seats_to_block_follows_without_a_stream(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """No news come either of a seat that is given up in the moment in which another is taken."""
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await ask_when_told(page)
    await page.route("**/sse", lambda route: route.abort("connectionreset"))
    await open_block_panel(page, event_id)
    await buyer.hold(event_id, "3-3")

    await page.evaluate("askAtInterval()")

    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, held")).to_be_visible()


async def test_the_part_chosen_last_is_shown_whichever_answer_comes_last(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event(regular_hall(subsections=2))
    page = await windows.open(seller)
    late: asyncio.Queue[Route] = asyncio.Queue()

    async def keep(route: Route) -> None:
        await late.put(route)

    await page.route("**/subsection/1/seats", keep, times=1)
    await page.goto(f"/sell/events/{event_id}")
    await page.get_by_text("Block seats, or free them").click()
    first = await late.get()
    await page.get_by_label("Part", exact=True).select_option("A 2")
    await expect(page.get_by_role("grid", name="Seats of A 2")).to_be_visible()

    async with page.expect_response("**/subsection/1/seats") as answered:
        await first.continue_()
    await (await answered.value).finished()
    await page.get_by_role("gridcell", name="Row 1, seat 1,").click()

    await expect(page.get_by_role("grid", name="Seats of A 2")).to_be_visible()
    await page.get_by_role("button", name="Block 1 seat").click()
    await wait_for(lambda: seller.counts(event_id, 2), lambda counts: counts[0] == 49)


async def test_a_row_is_blocked_and_freed_in_one_go(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await open_block_panel(page, event_id)
    await page.get_by_label("A whole row").select_option("Row 3")
    await page.get_by_role("button", name="Block the row, 10 seats").click()
    blocked = page.get_by_role("gridcell", name=re.compile("^Row 3, .* not for sale"))
    await expect(blocked).to_have_count(10)
    await expect(page.get_by_role("button", name="Block the row, 0 seats")).to_be_disabled()
    await page.get_by_role("button", name="Free the row, 10 seats").click()
    await expect(blocked).to_have_count(0)


async def test_seats_that_were_sold_meanwhile_are_not_blocked_and_it_is_said_which(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await open_block_panel(page, event_id)
    # A window that hears of nothing goes on showing them as free.
    for news in ("**/api/event/*/sse", "**/seats"):
        await page.route(news, lambda route: route.abort("connectionreset"))
    await page.evaluate("() => window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("Not live just now")).to_be_visible()
    await buyer.hold(event_id, "1-2")
    for seat in (1, 2):
        await page.get_by_role("gridcell", name=f"Row 1, seat {seat},").click()
    await page.get_by_role("button", name="Block 2 seats").click()
    await expect(page.get_by_role("alert")).to_contain_text("faster: row 1, seat 2.")
    assert (await seller.get(f"/api/event/{event_id}/sales"))["blocked"] == 0


async def test_an_event_is_cancelled_before_the_eyes_of_those_who_have_tickets(
    windows: Windows, seller: Seller, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    paid_by, held_by, onlooker = [await Buyer.join(http) for _ in range(3)]
    paid, held = await paid_by.hold(event_id, "1-1", "1-2"), await held_by.hold(event_id, "2-1")
    await paid_by.pay(paid["id"])
    tickets, hold = await windows.open(paid_by), await windows.open(held_by)
    hall, seats = await windows.open(onlooker), await windows.open(onlooker)
    await tickets.goto(f"/bookings/{paid['id']}")
    await expect(tickets.locator(".ticket")).to_have_count(2)
    await hold.goto(f"/bookings/{held['id']}")
    await expect(hold.get_by_role("timer")).to_be_visible()
    await hall.goto(f"/events/{event_id}")
    await seats.goto(f"/events/{event_id}/A/1")
    await seats.get_by_role("gridcell", name="Row 3, seat 1,").click()
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")

    await page.get_by_role("button", name="Cancel the event").click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.locator(".pill").first).to_have_text("On sale")
    # Bookings end and money goes back only once the worker comes to it.
    with system.paused("ticketing"):
        await page.get_by_role("button", name="Cancel the event").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel the event").click()
        await expect(page.locator(".pill").first).to_have_text("Cancelled")
        await expect(tile(page, "Refunds due")).to_contain_text("20.00 USD")
        await expect(page.get_by_text("Block seats, or free them")).to_be_hidden()
        await expect(tickets.get_by_role("alert")).to_contain_text("The event was cancelled")
        await expect(tickets.locator(".ticket")).to_have_count(0)

    await expect(tickets.get_by_role("heading", level=1)).to_have_text("This booking is over")
    await expect(tickets.get_by_role("alert")).to_contain_text(
        "The 20.00 USD that you paid are given back to your card."
    )
    await expect(hold.get_by_role("alert")).to_contain_text(
        "The event was cancelled by its seller. Nothing was charged."
    )
    await expect(hall.get_by_role("heading", name="This event was cancelled")).to_be_visible()
    await expect(seats.get_by_text("Cancelled.", exact=True)).to_be_visible()
    await expect(seats.get_by_role("button", name="hold 1 seat")).to_be_disabled()
    await expect(tile(page, "Refunds due")).to_have_count(0)
    await tickets.goto("/bookings")
    await expect(tickets.get_by_role("link", name="Concert")).to_contain_text("Event cancelled")
    system.verify(event_id)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_sellers_pages_can_be_used_by_all(
    windows: Windows, seller: Seller, size: tuple[int, int]
) -> None:
    event_id = await seller.open_event(HALL, name="The Winter Quartet")
    page = await windows.open(seller, size=size)
    found = []
    for name, address in (
        ("sell", "/sell"),
        ("sell-new", "/sell/new"),
        ("sell-event", f"/sell/events/{event_id}"),
        ("door", f"/door/{event_id}"),
    ):
        await page.goto(address)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += [f"{name}: {fault}" for fault in await faults_in_both_themes(page, name)]
    await page.goto(f"/sell/events/{event_id}")
    await unfold(page, "Name, place and time", "When the sale begins", "The rules")
    found += [f"settings: {fault}" for fault in await faults_in_both_themes(page, "sell-settings")]
    small_id = await seller.open_event(regular_hall(rows=2))
    await open_block_panel(page, small_id)
    await page.get_by_role("gridcell", name="Row 1, seat 2,").click()
    found += [f"block: {fault}" for fault in await faults_in_both_themes(page, "sell-block")]
    assert not found, "\n".join(found)
