"""What sellers do: describe a hall, follow its sale, block seats, let people in."""

import json
import re

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser import (
    DESKTOP,
    PHONE,
    Windows,
    faults_in_both_themes,
    screenshot,
)
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


async def describe(page: Page) -> None:
    await page.get_by_label("Name", exact=True).fill("Spring Gala")
    await page.get_by_label("Venue").fill("Town Hall")


async def test_a_hall_in_three_numbers_is_seen_while_typing_and_then_on_sale(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell")
    await expect(page.get_by_role("heading", name="You sell nothing yet")).to_be_visible()
    await page.get_by_role("link", name="New event").click()
    await describe(page)
    preview = page.get_by_label("What the hall will be")
    await page.get_by_label("Parts", exact=True).fill("3")
    await page.get_by_label("Rows each").fill("4")
    await page.get_by_label("Seats per row").fill("5")
    await page.get_by_label("Price of a seat").fill("12.50")
    await expect(preview).to_contain_text("60 seats")
    await expect(preview).to_contain_text("750.00 USD")
    await page.get_by_label("Rows each").fill("four")
    await expect(preview).to_contain_text("whole numbers")
    await page.get_by_label("Rows each").fill("4")
    await page.get_by_role("button", name="Create event").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring Gala")
    await expect(page.locator(".pill").first).to_have_text("On sale")
    await expect(page.locator(".tile").first).to_contain_text("60")
    (event,) = await seller.all_items("/api/event?mine=true")
    assert event["seating_config"]["sections"][0]["price"] == 1_250
    await page.get_by_role("link", name="Your events").click()
    await expect(page.get_by_role("link", name="Spring Gala")).to_contain_text("60 seats")


async def test_a_hall_is_described_section_by_section_or_as_json(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe(page)
    preview = page.get_by_label("What the hall will be")
    await page.get_by_label("Section by section").check()
    await expect(preview).to_contain_text("2,560 seats")
    await page.get_by_role("button", name="Add a section").click()
    await expect(preview).to_contain_text("2,760 seats")
    await page.get_by_role("button", name="Remove section 2").click()
    await expect(preview).to_contain_text("1,800 seats")
    await page.get_by_label("As JSON").check()
    await page.get_by_label("Seating configuration").fill("{")
    await expect(preview).to_contain_text("not JSON yet")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("alert")).to_contain_text("not JSON yet")
    await page.get_by_label("Seating configuration").fill(
        '{"sections":[{"name":"X","price":0,"subsections":[{"number":7,"rows":2,"seats_per_row":3}]}]}'
    )
    await expect(preview).to_contain_text("6 seats")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("rowheader", name="X 7")).to_be_visible()


@pytest.mark.parametrize("price", ["", "free", "-4", "1e9", "12.345", "1,234.50"])
async def test_what_is_no_amount_is_no_price(windows: Windows, seller: Seller, price: str) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await page.get_by_label("Price of a seat").fill(price)
    await expect(page.get_by_label("What the hall will be")).to_contain_text("A price is")


async def test_times_that_make_no_sense_are_told_before_anything_is_sold(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe(page)
    create = page.get_by_role("button", name="Create event")
    await page.get_by_label("Begins").fill("2020-01-01T20:00")
    await create.click()
    await expect(page.get_by_text("This time is over.")).to_be_visible()
    await page.get_by_label("Begins").fill("2040-01-01T20:00")
    await page.get_by_label("On sale from").fill("2040-01-02T20:00")
    await create.click()
    await expect(page.get_by_text("The sale would begin after the event.")).to_be_visible()
    assert not await seller.all_items("/api/event?mine=true")


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
    await page.get_by_label("On sale from").fill("2031-05-01T10:00")
    await page.get_by_role("button", name="Set the time").click()
    await expect(page.locator(".pill").first).to_contain_text("From 1 May")


async def test_only_its_seller_sees_how_an_event_sells(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    rival = await Seller.join(http)
    for member, words in ((rival, "There is nothing here"), (buyer, "This page is for sellers")):
        page = await windows.open(member)
        for address in (f"/sell/events/{event_id}", f"/door/{event_id}"):
            await page.goto(address)
            await expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def sales_of(event_id: int) -> JsonObject:
    return {
        "event_id": event_id,
        "currency": "USD",
        "available": 1_390,
        "reserved": 4,
        "sold": 6,
        "blocked": 0,
        "revenue": 51_000,
        "refunds_due": 2_500,
        "bookings_last_minute": [(second * 7) % 11 for second in range(60)],
        "sections": [
            {"section": "Stalls", "subsection": 1, "price": 8_500, "available": 190}
            | {"reserved": 4, "sold": 6, "blocked": 0, "revenue": 51_000}
        ],
    }


async def test_what_the_service_tells_of_sales_is_shown(windows: Windows, seller: Seller) -> None:
    """The contract of sales, whether this service has it already or not."""
    event_id = await seller.open_event(HALL, name="The Winter Quartet")
    page = await windows.open(seller)
    await page.route(
        f"**/api/event/{event_id}/sales",
        lambda route: route.fulfill(json=sales_of(event_id)),
    )
    await page.goto(f"/sell/events/{event_id}")
    await expect(page.get_by_text("510.00 USD").first).to_be_visible()
    await expect(page.locator(".tile").filter(has_text="Refunds due")).to_contain_text("25.00 USD")
    await expect(page.get_by_role("img", name=re.compile("bookings in the last"))).to_be_visible()
    csv = page.get_by_role("link", name="Sales as CSV")
    await expect(csv).to_have_attribute("href", f"/api/event/{event_id}/sales.csv")
    await screenshot(page, "sales")


async def test_seats_are_blocked_on_the_map(windows: Windows, seller: Seller) -> None:
    """The contract of blocking, whether this service has it already or not."""
    event_id = await seller.open_event()
    asked: list[tuple[str, JsonObject]] = []
    page = await windows.open(seller)

    async def answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        asked.append((route.request.url.rsplit("/", 1)[1], body))
        await route.fulfill(json=body)

    await page.route("**/subsection/1/block", answer)
    await page.goto(f"/sell/events/{event_id}")
    await page.get_by_text("Block seats, or free them").click()
    await page.get_by_role("gridcell", name="Row 1, seat 1,").click()
    await page.get_by_role("gridcell", name="Row 1, seat 2,").click()
    await page.get_by_role("button", name="Block 2 seats").click()
    await expect(page.get_by_text("2 seats are blocked.")).to_be_visible()
    assert asked == [("block", {"seats": ["1-1", "1-2"]})]


async def test_an_event_is_cancelled_only_after_a_second_question(
    windows: Windows, seller: Seller
) -> None:
    """The contract of cancelling, whether this service has it already or not."""
    event_id = await seller.open_event()
    page = await windows.open(seller)
    event = await seller.event(event_id)
    await page.route(
        f"**/api/event/{event_id}/cancel",
        lambda route: route.fulfill(status=202, json={**event, "status": "cancelled"}),
    )
    await page.goto(f"/sell/events/{event_id}")
    await page.get_by_role("button", name="Cancel the event").click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.locator(".pill").first).to_have_text("On sale")
    await page.get_by_role("button", name="Cancel the event").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel the event").click()
    await expect(page.locator(".pill").first).to_have_text("Cancelled")
    await expect(page.get_by_role("button", name="Set the time")).to_be_hidden()
    await expect(page.get_by_text("Block seats, or free them")).to_be_hidden()


async def test_the_door_lets_in_once_and_says_why_not(windows: Windows, seller: Seller) -> None:
    """The contract of admission, whether this service has it already or not."""
    event_id = await seller.open_event()
    page = await windows.open(seller)
    seat = {"ticket_id": 1, "section": "A", "subsection": 1, "row": 2, "seat": 3}
    answers = [
        (200, {**seat, "admitted_at": "2031-12-12T19:00:00Z"}),
        (409, {"code": "ALREADY_ADMITTED", "admitted_at": "2031-12-12T19:00:00Z"}),
        (422, {"code": "TICKET_NOT_VALID"}),
    ]

    async def answer(route: Route) -> None:
        status, body = answers.pop(0)
        await route.fulfill(status=status, json=body)

    await page.route("**/admission", answer)
    await page.goto(f"/door/{event_id}")
    code = page.get_by_label("Ticket code")
    for words in ("Welcome", "Already inside", "Not valid"):
        await expect(code).to_be_focused()
        await code.fill("T1.code")
        await page.keyboard.press("Enter")
        await expect(page.locator(".door-answer strong")).to_have_text(words)
    await expect(page.get_by_text("1 let in from here")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_sellers_pages_can_be_used_by_all(
    windows: Windows, seller: Seller, size: tuple[int, int]
) -> None:
    event_id = await seller.open_event(HALL, name="The Winter Quartet")
    page = await windows.open(seller, size=size)
    await page.route(
        f"**/api/event/{event_id}/sales", lambda route: route.fulfill(json=sales_of(event_id))
    )
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
    assert not found, "\n".join(found)
