"""The pages are for everybody: with a keyboard, on a telephone, read aloud, in light and dark."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import (
    DESKTOP,
    PHONE,
    Windows,
    faults_in_both_themes,
    keep_what_is_said,
    screenshot,
)
from tests.support.onsale_up import CARD_NUMBER
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

HALL: JsonObject = {
    "sections": [
        {
            "name": name,
            "price": price,
            "subsections": [
                {"number": number, "rows": rows, "seats_per_row": 20}
                for number in range(1, count + 1)
            ],
        }
        for name, price, count, rows in (
            ("Stalls", 8_500, 4, 25),
            ("Circle", 6_000, 6, 8),
            ("Gallery", 3_250, 3, 6),
            ("Box", 12_000, 2, 1),
        )
    ]
}


class Gallery:
    """Every page with something on it, and how to see that it stands."""

    def __init__(self, event_id: int, held: str, paid: str) -> None:
        self.pages: dict[str, tuple[str, Callable[[Page], Awaitable[None]]]] = {
            "events": ("/", self.has_link),
            "sign-in": ("/sign-in", self.has_form),
            "sign-up": ("/sign-in#new", self.has_form),
            "hall": (f"/events/{event_id}", self.is_live),
            "seats": (f"/events/{event_id}/Stalls/1", self.is_live),
            "few-seats": (f"/events/{event_id}/Box/2", self.is_live),
            "bookings": ("/bookings", self.has_link),
            "checkout": (f"/bookings/{held}", self.has_timer),
            "tickets": (f"/bookings/{paid}", self.has_tickets),
            "nothing": ("/nowhere", self.has_heading),
        }
        self.for_strangers = ("sign-in", "sign-up")
        # All seats are alike: twenty of them are judged, not five hundred.
        self.not_judged = ("seats",)

    async def has_link(self, page: Page) -> None:
        await expect(page.get_by_role("link", name="The Winter Quartet").first).to_be_visible()

    async def has_form(self, page: Page) -> None:
        await expect(page.get_by_label("Password")).to_be_visible()

    async def is_live(self, page: Page) -> None:
        await expect(page.locator(".live")).to_have_attribute("data-state", "on")

    async def has_timer(self, page: Page) -> None:
        await expect(page.get_by_role("timer")).to_be_visible()

    async def has_tickets(self, page: Page) -> None:
        await expect(page.locator(".ticket")).to_have_count(2)
        # With their codes, which come after them.
        for picture in await page.locator(".ticket img").all():
            await wait_for(
                partial(picture.evaluate, "one => one.naturalWidth"), lambda width: width > 0
            )

    async def has_heading(self, page: Page) -> None:
        await expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


async def furnish(seller: Seller, buyer: Buyer) -> Gallery:
    """A sale that has gone on for a while."""
    event_id = await seller.open_event(
        HALL,
        name="The Winter Quartet",
        venue_name="Old Exchange Hall",
        description="Four strings, one evening, and the long night of December.",
        starts_at="2031-12-12T19:30:00Z",
    )
    await seller.create_event(
        name="A Summer Night, Outdoors",
        venue_name="Castle Court",
        on_sale_at="2031-11-01T09:00:00Z",
        starts_at="2032-06-20T21:00:00Z",
    )

    others = await Buyer.join(buyer.http)

    async def buy(
        section: str, *seats: str, by: Buyer = others, pays: bool = True, number: int = 1
    ) -> str:
        order = by.order(event_id, *seats, section=section, subsection=number)
        booking = await by.expect(202, "POST", "/api/booking", order)
        await by.settled(booking["id"])
        if pays:
            assert (await by.pay(booking["id"])).status_code == 200
        booking_id: str = booking["id"]
        return booking_id

    for row in range(1, 6):
        await buy("Stalls", *(f"{row}-{seat}" for seat in range(6 + row, 10 + row)))
    for first in range(1, 21, 4):
        await buy("Box", *(f"1-{seat}" for seat in range(first, first + 4)))
        if first < 15:
            await buy("Box", *(f"1-{seat}" for seat in range(first, first + 4)), number=2)
    await buy("Stalls", "7-3", "7-4", pays=False)
    paid = await buy("Circle", "1-10", "1-11", by=buyer)
    held = await buy("Stalls", "8-9", "8-10", by=buyer, pays=False)
    return Gallery(event_id, held, paid)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_every_page_can_be_used_by_all(
    windows: Windows, seller: Seller, buyer: Buyer, size: tuple[int, int]
) -> None:
    gallery = await furnish(seller, buyer)
    member = await windows.open(buyer, size=size)
    stranger = await windows.open(size=size)
    found = []
    for name, (address, stands) in gallery.pages.items():
        page = stranger if name in gallery.for_strangers else member
        await page.goto(address)
        await stands(page)
        faults = await faults_in_both_themes(page, name, judge=name not in gallery.not_judged)
        found += [f"{name}: {fault}" for fault in faults]
    assert not found, "\n".join(found)


async def test_seats_are_chosen_held_and_paid_with_the_keyboard_alone(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    keyboard = page.keyboard
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("link", name="A 1")).to_be_visible()

    async def tab_to(name: str) -> None:
        for _ in range(30):
            await keyboard.press("Tab")
            focused = page.locator(":focus")
            label = await focused.get_attribute("aria-label") or await focused.inner_text()
            if name in label:
                # Whoever cannot see where they are is lost.
                assert await focused.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
                return
        raise AssertionError(f"the keyboard does not come to {name}")

    await tab_to("Skip to content")
    await tab_to("A 1")
    await keyboard.press("Enter")
    await expect(page.get_by_role("grid")).to_be_visible()
    await tab_to("Row 1, seat 1, available, 10.00 USD")
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowLeft", "ArrowUp", "Space"):
        await keyboard.press(key)
    chosen = page.get_by_role("gridcell", selected=True)
    await expect(chosen).to_have_accessible_name("Row 2, seat 9, available, 10.00 USD")
    await expect(page.get_by_role("status").filter(has_text="1 seat chosen")).to_have_count(1)
    for key in ("ArrowRight", "Enter", "Control+Home"):
        await keyboard.press(key)
    await expect(chosen).to_have_count(2)
    await expect(page.locator(":focus")).to_have_accessible_name(
        "Row 1, seat 1, available, 10.00 USD"
    )
    # One stop for all the seats: from any of them it is one step to what follows.
    await tab_to("Hold 2 seats")
    await keyboard.press("Enter")
    await expect(page.get_by_role("timer")).to_be_visible()
    await tab_to_card(page)
    await keyboard.type(CARD_NUMBER.replace(" ", ""))
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def tab_to_card(page: Page) -> None:
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.locator(":focus").get_attribute("id") == "card":
            return
    raise AssertionError("the keyboard does not come to the card number")


async def test_seats_are_bought_with_a_finger(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(HALL)
    page = await windows.open(buyer, size=PHONE)
    await page.goto(f"/events/{event_id}/Stalls/1")
    # The far end of a row is reached by moving the map, not the page.
    await page.get_by_role("gridcell", name="Row 2, seat 20, available").tap()
    await page.get_by_role("gridcell", name="Row 2, seat 19, available").tap()
    hold = page.get_by_role("button", name="Hold 2 seats")
    await expect(hold).to_be_in_viewport()
    await screenshot(page, "chosen-light-phone")
    await hold.tap()
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 170.00 USD").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_a_chosen_appearance_holds_on_every_page(windows: Windows) -> None:
    page = await windows.open()
    await page.goto("/sign-in")
    switch = page.get_by_role("button", name="Dark appearance")
    await expect(switch).to_have_attribute("aria-pressed", "false")
    await switch.click()
    await page.goto("/")
    await expect(switch).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


async def test_the_keyboard_goes_on_where_a_payment_has_led(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{held['id']}")
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_focused()


async def test_what_becomes_of_a_booking_is_said_as_it_is(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """Also when a payment was under way: it is not paid because it is asked for no more."""
    held = await buyer.hold(await seller.open_event(hold_seconds=5), "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{held['id']}")
    await keep_what_is_said(page)
    await page.route("**/pay", lambda route: route.abort())
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 10.00 USD").click()
    await page.evaluate("document.activeElement.blur()")
    await expect(page.get_by_role("heading", level=1)).to_have_text("This booking is over")
    await wait_for(lambda: page.evaluate("said"), lambda said: "This booking is over" in said)
    # The payment itself hears of that when it would be asked for again.
    await wait_for(lambda: page.evaluate("sessionStorage.length"), lambda kept: kept == 0)
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
    assert "Paid." not in await page.evaluate("said")


async def test_parts_without_free_seats_can_be_left_out(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(regular_hall(rows=1, cols=1, subsections=2))
    await buyer.hold(event_id, "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("link", name="A 1")).to_contain_text("Sold out")
    await page.get_by_label("Only with free seats").check()
    await expect(page.get_by_role("link", name="A 1")).to_be_hidden()
    await expect(page.get_by_role("link", name="A 2")).to_be_visible()


async def test_a_page_in_the_background_follows_nothing(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """Browsers allow six connections to a host, over all windows: a seventh would wait for ever."""
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")

    async def turn(*, is_hidden: bool) -> None:
        await page.evaluate(
            """(is_hidden) => {
              Object.defineProperty(document, "hidden", { value: is_hidden, configurable: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            is_hidden,
        )

    async with page.expect_event("requestfailed", lambda one: one.url.endswith("/sse")):
        await turn(is_hidden=True)
    async with page.expect_request("**/sse"):
        await turn(is_hidden=False)


async def test_one_booking_takes_so_many_seats_and_says_so(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(max_tickets_per_booking=2)
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    for seat in (1, 2, 3):
        await page.get_by_role("gridcell", name=f"Row 1, seat {seat},").click()
    await expect(page.get_by_text("One booking takes 2 seats at most.")).to_be_visible()
    await expect(page.get_by_role("gridcell", selected=True)).to_have_count(2)
