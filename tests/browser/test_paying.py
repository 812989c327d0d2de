"""Payments whose outcome is not told at once: people hear what is known, and pay once."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser import Windows, keep_what_is_said
from tests.support.onsale_up import CARD_NUMBER
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

DECLINED, SLOW, UNTOLD = "4000 0000 0000 0002", "4000 0000 0000 0259", "4000 0000 0000 0341"
SETTLED_MILLISECONDS_MAX = 60_000


async def checkout(windows: Windows, buyer: Buyer, seller: Seller) -> Page:
    held = await buyer.hold(await seller.open_event(), "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()
    return page


async def pay(page: Page, card: str) -> None:
    await page.get_by_label("Card number").fill(card)
    await page.get_by_role("button", name="Pay 10.00 USD").click()


async def test_a_payment_of_which_nobody_was_told_is_asked_about_until_it_is_known(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await checkout(windows, buyer, seller)
    await pay(page, UNTOLD)
    await expect(page.get_by_text("The outcome of the payment is not known yet")).to_be_visible()
    await expect(page.get_by_role("button", name="Pay 10.00 USD")).to_be_disabled()
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Your tickets", timeout=SETTLED_MILLISECONDS_MAX
    )


async def test_of_a_payment_that_nobody_can_be_asked_about_nothing_is_said(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "1-1")
    page = await windows.open(buyer)
    await page.clock.install()
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()
    asked: list[str] = []

    async def lose(route: Route) -> None:
        asked.append(route.request.url)
        await route.abort("connectionreset")

    for news in ("**/api/booking/*/sse", f"**/api/booking/{held['id']}"):
        await page.route(news, lose)
    await page.evaluate("() => window.dispatchEvent(new Event('online'))")
    # In another window it is paid already.
    assert (await buyer.pay(held["id"])).status_code == 200
    await pay(page, CARD_NUMBER)
    unknown = page.get_by_text("The outcome of the payment is not known yet")
    await expect(unknown).to_be_visible()
    # Longer than any payment is open, had anybody told of it.
    await page.clock.fast_forward("01:00")
    asked.clear()
    await wait_for(lambda: asyncio.sleep(0, asked), lambda urls: len(urls) > 1)
    await expect(unknown).to_be_visible()
    await expect(page.get_by_text("That payment did not go through.")).to_have_count(0)

    await page.unroute_all()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_paid_in_two_windows_it_is_paid_once(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await checkout(windows, buyer, seller)
    second = await page.context.new_page()
    await second.goto(page.url)
    await second.get_by_label("Card number").fill(CARD_NUMBER)
    async with page.expect_request("**/pay"):
        await pay(page, SLOW)
    async with second.expect_response("**/pay") as answered:
        await second.get_by_role("button", name="Pay 10.00 USD").click()
    assert (await answered.value).status == 409
    await expect(second.get_by_text("The outcome of the payment is not known yet")).to_be_visible()
    for window in (page, second):
        await expect(window.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_whoever_comes_back_is_told_of_a_payment_and_may_use_another_card(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """The key stands for the first card, and has been answered, to nobody."""
    page = await checkout(windows, buyer, seller)

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    # Nor is it answered when the page asks again, however late it is left.
    await page.route("**/pay", lambda route: route.abort("connectionreset"))
    await page.route("**/pay", lose_the_answer, times=1)
    await pay(page, DECLINED)
    await expect(page.get_by_text("No answer yet.")).to_be_visible()
    await page.reload()
    await page.unroute("**/pay")
    await expect(page.get_by_text("A payment was sent before this page was left.")).to_be_visible()
    await pay(page, CARD_NUMBER)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_those_who_do_not_see_the_clock_hear_that_time_runs_out(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    """Also when the page was too busy to look at the clock in the very second."""
    held = await buyer.hold(await seller.open_event(hold_seconds=600), "1-1")
    page = await windows.open(buyer)
    await page.clock.install()
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()
    await keep_what_is_said(page)
    # From ten minutes to less than five, and from there to less than two.
    for leap, told_count in (("05:30", 1), ("03:00", 2)):
        await page.clock.fast_forward(leap)
        await expect_said(page, "left to pay", told_count)


async def expect_said(page: Page, words: str, count: int) -> None:
    """Those who do not see the page have been told something with these words so often."""
    await wait_for(
        lambda: page.evaluate("said"),
        lambda said: sum(words in one for one in said) == count,
    )
