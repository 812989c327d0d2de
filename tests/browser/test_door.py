"""The door: who shows the picture of a ticket is let in, once."""

import re

import pytest
from playwright.async_api import expect

from tests.support.browser import PHONE, Windows, pixels_of, screenshot
from tests.support.onsale_up import CARD_NUMBER
from tests.support.qr_codes import text_seen
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_door_lets_in_once_whoever_shows_the_picture_of_a_ticket(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    other_id = await seller.open_event()
    held = await buyer.hold(event_id, "2-3")
    bought = await windows.open(buyer)
    await bought.goto(f"/bookings/{held['id']}")
    second = await bought.context.new_page()
    await second.goto(f"/bookings/{held['id']}")
    await bought.get_by_label("Card number").fill(CARD_NUMBER)
    await bought.get_by_role("button", name="Pay 10.00 USD").click()
    # Where it was paid, where that was only heard of, and where it is looked at again.
    picture = second.get_by_role("img", name="Code for row 2, seat 3")
    await expect(picture).to_be_visible()
    await expect(bought.get_by_role("img", name="Code for row 2, seat 3")).to_be_visible()
    await second.reload()
    await expect(picture).to_be_visible()
    await picture.evaluate("(image) => image.decode()")
    shown = text_seen(await pixels_of(picture))
    await expect(second.get_by_text(shown, exact=True)).to_be_visible()
    await screenshot(second, "tickets-with-codes")

    door = await windows.open(seller)
    code = door.get_by_label("Ticket code")
    answer = door.locator(".door-answer")
    for address, scanned, words in (
        (other_id, shown, "Not valid"),
        (event_id, shown, "A 1, row 2, seat 3"),
        (event_id, shown, re.compile(r"Already inside.*used \d+ seconds? ago")),
        (event_id, shown.swapcase(), "Not valid"),
    ):
        if not door.url.endswith(f"/door/{address}"):
            await door.goto(f"/door/{address}")
        await expect(code).to_be_focused()
        await code.fill(scanned)
        await door.keyboard.press("Enter")
        await expect(answer).to_contain_text(words)
    await expect(door.get_by_text("1 let in from here")).to_be_visible()


async def test_the_picture_of_a_ticket_fills_its_card_on_a_telephone_and_is_small_on_paper(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "2-3")
    await buyer.pay(held["id"])
    page = await windows.open(buyer, size=PHONE)
    await page.goto(f"/bookings/{held['id']}")
    picture = page.get_by_role("img", name="Code for row 2, seat 3")
    await picture.evaluate("(image) => image.decode()")
    for media, scheme, least, most in (
        ("screen", "light", 0.85, 1),
        ("screen", "dark", 0.85, 1),
        ("print", "light", 0.3, 0.6),
    ):
        await page.emulate_media(media=media, color_scheme=scheme)  # type: ignore[arg-type]
        await screenshot(page, f"ticket-{scheme}-{media}")
        seen = await pixels_of(picture)
        assert text_seen(seen)
        # Scanners need an edge without anything in it: four modules of some forty.
        assert seen.shape is not None
        height, width = seen.shape
        edge = round(width * 0.08)
        middle = range(edge, height - edge)
        assert min(seen[y, x] for y in middle for x in range(2, edge)) > 250
        card = await page.locator(".ticket").bounding_box()
        assert card is not None
        assert least < width / card["width"] <= most


async def test_a_door_without_a_connection_says_that_nothing_is_known(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto(f"/door/{event_id}")
    await page.route("**/admission", lambda route: route.abort("connectionreset"))
    await page.get_by_label("Ticket code").fill("anything")
    await page.keyboard.press("Enter")
    await expect(page.locator(".door-answer strong")).to_have_text("No connection")
