"""Maps of ten thousand seats: drawn where one looks, and had whole by mouse, keyboard and voice."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import DESKTOP, PHONE, Windows, faults_in_both_themes
from tests.support.visitors import Buyer, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

LARGE = regular_hall(rows=100, cols=100, price=1)
DRAWN_COUNT_MAX = 2_000


def seat_named(page: Page, position: str) -> Locator:
    row, seat = position.split("-")
    return page.get_by_role("gridcell", name=f"Row {row}, seat {seat},")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_of_ten_thousand_seats_those_in_sight_are_drawn_and_all_can_be_had(
    windows: Windows, seller: Seller, buyer: Buyer, size: tuple[int, int]
) -> None:
    event_id = await seller.open_event(LARGE)
    other = await Buyer.join(buyer.http)
    page = await windows.open(buyer, size=size)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(seat_named(page, "1-1")).to_be_visible()
    await expect(seat_named(page, "100-100")).to_have_count(0)
    grid, seats = page.get_by_role("grid"), page.locator(".seats .seat")
    await expect(grid).to_have_attribute("aria-rowcount", "100")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    await other.hold(event_id, "50-50", "50-51")

    frame = page.locator(".seat-frame")
    middle = "one => one.scrollTo((one.scrollWidth - one.clientWidth) / 2, one.scrollHeight / 2)"
    for place, position in (
        ("one => one.scrollTo(1e6, 1e6)", "100-100"),
        ("one => one.scrollTo(1e6, 0)", "1-100"),
        ("one => one.scrollTo(0, 1e6)", "100-1"),
        (middle, "50-50"),
    ):
        await frame.evaluate(place)
        await expect(seat_named(page, position)).to_be_visible()
        assert await seats.count() < DRAWN_COUNT_MAX
    # What had changed out of sight is drawn as it is.
    await expect(page.get_by_role("gridcell", name="Row 50, seat 50, held")).to_be_visible()
    await expect(seat_named(page, "50-49")).to_have_attribute("aria-colindex", "50")
    assert await page.locator('[aria-rowindex="50"]').get_by_role("gridcell").count() > 5

    await seat_named(page, "50-49").click()
    await frame.evaluate("one => one.scrollTo(0, 0)")
    await expect(seat_named(page, "50-49")).to_have_count(0)
    await expect(seat_named(page, "1-1")).to_be_in_viewport()
    await frame.evaluate(middle)
    await expect(page.get_by_role("gridcell", selected=True)).to_have_accessible_name(
        "Row 50, seat 49, available, 0.01 USD"
    )
    await page.get_by_role("button", name="Hold 1 seat").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Pay and they are yours")


async def test_ten_thousand_seats_are_moved_over_with_the_keyboard_alone(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(LARGE)
    page = await windows.open(buyer)
    keyboard, focused = page.keyboard, page.locator(":focus")
    await page.goto(f"/events/{event_id}/A/1")
    await seat_named(page, "1-1").focus()
    for key, position in (
        ("Control+End", "100-100"),
        ("ArrowLeft", "100-99"),
        ("Home", "100-1"),
        ("PageUp", "95-1"),
        ("End", "95-100"),
        ("ArrowUp", "94-100"),
        ("Control+Home", "1-1"),
        *((("ArrowDown"), f"{row}-1") for row in range(2, 60)),
        *((("ArrowRight"), f"59-{seat}") for seat in range(2, 60)),
    ):
        await keyboard.press(key)
        row, seat = position.split("-")
        name = f"Row {row}, seat {seat}, available, 0.01 USD"
        await expect(focused).to_have_accessible_name(name)
        await expect(focused).to_be_in_viewport()
    await keyboard.press("Space")
    await expect(page.get_by_role("button", name="Hold 1 seat")).to_be_enabled()

    # Moved out of sight meanwhile, the place is not lost.
    frame = page.locator(".seat-frame")
    await frame.evaluate("one => one.scrollTo(0, 0)")
    await expect(page.get_by_role("grid")).to_be_focused()
    await keyboard.press("ArrowRight")
    await expect(focused).to_have_accessible_name("Row 59, seat 60, available, 0.01 USD")
    await frame.evaluate("one => one.scrollTo(0, 0)")
    await expect(page.get_by_role("grid")).to_be_focused()
    await keyboard.press("Space")
    await expect(focused).to_have_accessible_name("Row 59, seat 60, available, 0.01 USD")
    await expect(page.get_by_role("gridcell", selected=True)).to_have_count(1)

    # From elsewhere it is one step to it, too.
    await page.get_by_role("link", name="Concert").focus()
    await frame.evaluate("one => one.scrollTo(0, 0)")
    await expect(seat_named(page, "59-60")).to_have_count(0)
    await keyboard.press("Tab")
    await expect(focused).to_have_accessible_name("Row 59, seat 60, available, 0.01 USD")
    await keyboard.press("Tab")
    await expect(focused).to_have_accessible_name("Hold 1 seat")


async def test_a_large_map_can_be_used_by_all(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event(LARGE)
    page = await windows.open(size=PHONE)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    await page.locator(".seat-frame").evaluate("one => one.scrollTo(1000, 1000)")
    await expect(seat_named(page, "25-25")).to_be_in_viewport()
    faults = await faults_in_both_themes(page, "large-map")
    assert not faults, "\n".join(faults)


async def test_a_map_of_five_hundred_seats_is_drawn_whole(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event(regular_hall(rows=25, cols=20))
    page = await windows.open(size=PHONE)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(page.locator(".seats .seat")).to_have_count(500)
