"""Whatever people type, a page stays as it is: wide words, other directions, and how it is looked at."""

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import PHONE, Windows
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
