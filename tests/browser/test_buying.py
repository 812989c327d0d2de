"""The whole way of a buyer, from an account to tickets."""

import re

import pytest
from playwright.async_api import expect

from tests.support.browser import Windows, screenshot
from tests.support.onsale_up import CARD_NUMBER, PASSWORD, OnsaleUp
from tests.support.visitors import Buyer, Seller, new_email, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

HALL = {
    "rows": 10,
    "cols": 20,
    "sections": [
        {"name": "Stalls", "price": 8_500, "subsections": 4},
        {"name": "Circle", "price": 6_000, "subsections": 6},
        {"name": "Gallery", "price": 3_250, "subsections": 3},
    ],
}


async def test_a_stranger_becomes_a_buyer_with_tickets(
    windows: Windows, seller: Seller, system: OnsaleUp
) -> None:
    event_id = await seller.open_event(
        HALL, name="The Winter Quartet", venue_name="Old Exchange Hall"
    )
    page = await windows.open()

    await page.goto("/")
    await screenshot(page, "events")
    await page.get_by_role("link", name="The Winter Quartet").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The Winter Quartet")
    await expect(page.get_by_text("200 left")).to_have_count(13)
    await screenshot(page, "hall")
    await page.get_by_role("link", name="Stalls 2").click()

    seat = page.get_by_role("gridcell", name="Row 3, seat 7, available, 85.00 USD")
    await seat.click()
    await page.get_by_role("gridcell", name="Row 3, seat 8,").click()
    await expect(seat).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_text("170.00 USD", exact=True)).to_be_visible()
    await screenshot(page, "seats")

    await page.get_by_role("button", name="Sign in and hold 2 seats").click()
    await page.get_by_role("link", name="Create an account").click()
    email = new_email()
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await screenshot(page, "sign-up")
    await page.get_by_role("button", name="Create account").click()

    # Back at the seats, and they are still chosen.
    await expect(seat).to_have_attribute("aria-selected", "true")
    await page.get_by_role("button", name="Hold 2 seats").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pay and they are yours")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(9:\d\d|10:00)$"))
    await screenshot(page, "checkout")
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 170.00 USD").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")
    await expect(page.locator(".ticket")).to_have_count(2)
    await screenshot(page, "tickets")
    await page.get_by_role("link", name="My bookings").first.click()
    await expect(page.get_by_role("link", name="The Winter Quartet")).to_contain_text("Paid")
    await screenshot(page, "bookings")

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="My bookings")).to_be_visible()
    system.verify(event_id)


async def test_the_best_seats_are_found_and_held_with_one_click(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)

    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_label("How many").select_option("3")
    await page.get_by_role("button", name="Find and hold the best seats").click()

    await expect(page.get_by_role("timer")).to_be_visible()
    assert (await buyer.all_items("/api/booking"))[0]["seat_positions"] == ["1-1", "1-2", "1-3"]


async def test_codes_are_shown_whether_the_stream_or_the_answer_tells_first(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """No stream tells a code: news of a paid booking may neither hide codes nor do without."""
    held = await buyer.hold(await seller.open_event(), "4-1")
    page = await windows.open(buyer)
    code = page.get_by_role("img", name="Code for row 4, seat 1")
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()

    await buyer.pay(held["id"])  # in another window: this one hears of it
    await expect(code).to_be_visible()

    streams: list[str] = []
    page.on(
        "request",
        lambda sent: (
            streams.append(sent.url) if "/api/booking/" in sent.url and "sse" in sent.url else None
        ),
    )
    await page.reload()
    await expect(code).to_be_visible()
    assert not streams  # what is over has no news, and an older picture of it might follow


async def test_the_only_seat_of_a_hall_is_found_and_held_with_one_click(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(regular_hall(rows=1, cols=1, price=0))
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("button", name="Find and hold the best seats").click()
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 0.00 USD").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")
