"""Whatever people type, and however they look at it, a page stays as it is."""

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import PHONE, Windows, pixels_of
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

# It turns around all that follows it in the same sentence.
OVERRIDE = "\u202e"
_RUNS_FROM_LEFT_TO_RIGHT = """
(word) => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const left = (node, index) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + 1);
    return range.getBoundingClientRect().left;
  };
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(word);
    if (at < 0) continue;
    return left(walker.currentNode, at) < left(walker.currentNode, at + word.length - 1);
  }
  return null;
}
"""


async def test_a_name_turns_nothing_around_but_itself(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    name = f"Evening{OVERRIDE}"
    event_id = await seller.open_event(name=name, venue_name=name, starts_at="2031-12-12T19:30:00Z")
    held = await buyer.hold(event_id, "1-1")
    page, mine = await windows.open(buyer), await windows.open(seller)
    for window, address in (
        (page, f"/events/{event_id}"),
        (page, f"/events/{event_id}/A/1"),
        (page, f"/bookings/{held['id']}"),
        (mine, f"/sell/events/{event_id}"),
    ):
        await window.goto(address)
        await expect(window.get_by_text("December").first).to_be_visible()
        assert await window.evaluate(_RUNS_FROM_LEFT_TO_RIGHT, "December"), address


async def wide(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    pixels: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels


# The policy forbids style elements to tests as well.
_STYLED = """
(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}
"""
SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important }
* { word-spacing: 0.16em !important }
p { margin-bottom: 2em !important }
"""
SMALLEST = (320, 256)


@pytest.mark.parametrize("size", [PHONE, SMALLEST], ids=["phone", "four times as large"])
async def test_the_longest_words_and_amounts_make_no_page_wider_than_its_window(
    windows: Windows, seller: Seller, buyer: Buyer, size: tuple[int, int]
) -> None:
    """The smallest is what is left of a window of 1280 by 1024 at 400 %; letters are spaced as some
    readers need them.
    """
    section, dearest = "S" * 20, 100_000_000
    front = {"name": "C" * 20, "price": dearest, "rows": [1, 1]}
    part = {"number": 1, "rows": 2, "seats_per_row": 10, "price_categories": [front]}
    event_id = await seller.open_event(
        {"sections": [{"name": section, "price": dearest, "subsections": [part]}]},
        name="N" * 200,
        venue_name="V" * 200,
        description="D" * 2_000,
        starts_at="2031-12-12T19:30:00Z",
    )
    bookings = []
    for seats in (("1-1", "1-2", "1-3", "1-4"), ("2-1",)):
        order = buyer.order(event_id, *seats, section=section)
        booking = await buyer.expect(202, "POST", "/api/booking", order)
        bookings.append((await buyer.settled(booking["id"]))["id"])
    await buyer.pay(bookings[1])
    page, mine = await windows.open(buyer, size=size), await windows.open(seller, size=size)
    found = []
    for window, address in (
        (page, "/"),
        (page, f"/events/{event_id}"),
        (page, f"/events/{event_id}/{section}/1"),
        (page, "/bookings"),
        *((page, f"/bookings/{one}") for one in bookings),
        (mine, "/sell"),
        (mine, "/sell/new"),
        (mine, f"/sell/events/{event_id}"),
        (mine, f"/door/{event_id}"),
    ):
        await window.goto(address)
        await expect(window.get_by_role("heading", level=1)).to_be_visible()
        found.append((address, await wide(window)))
        await window.evaluate(_STYLED, SPACED)
        found.append((f"{address}, spaced", await wide(window)))
    assert not [(address, pixels) for address, pixels in found if pixels > 0]


async def test_marks_differ_also_where_a_reader_has_chosen_all_colours(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    part = {
        "number": 1,
        "rows": 2,
        "seats_per_row": 6,
        "accessible": ["2-1"],
        "companion": ["2-2"],
    }
    event_id = await seller.open_event(
        {"sections": [{"name": "A", "price": 1_000, "subsections": [part]}]}
    )
    other = await Buyer.join(http)
    bought = await other.hold(event_id, "1-1")
    await other.pay(bought["id"])
    await other.hold(event_id, "1-2")
    await buyer.hold(event_id, "1-3")
    page = await windows.open(buyer)
    await page.emulate_media(forced_colors="active")
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 1, seat 6, available").click()
    names = ("1, sold", "2, held", "3, yours", "5, available", "6, available")
    cells = [page.get_by_role("gridcell", name=f"Row 1, seat {name}") for name in names]
    cells += [page.get_by_role("gridcell", name=f"Row 2, seat {seat},") for seat in (1, 2)]
    await expect(cells[2]).to_be_visible()
    # Without the numbers, which are on free seats and one's own.
    await page.evaluate(_STYLED, ".seat span { display: none }")
    await page.mouse.move(0, 0)
    pictures = {bytes(await pixels_of(cell)) for cell in cells}
    assert len(pictures) == len(cells)


async def test_nothing_moves_for_those_who_asked_for_that(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event()
    page = await windows.open()
    await page.goto(f"/events/{event_id}/A/1")
    seat = page.get_by_role("gridcell").first
    # As a seat that was just taken or freed.
    await seat.evaluate("(one) => one.classList.add('changed')")
    for preference, name in (("no-preference", "changed"), ("reduce", "none")):
        await page.emulate_media(reduced_motion=preference)  # type: ignore[arg-type]
        assert await seat.evaluate("(one) => getComputedStyle(one).animationName") == name
