"""Several people at one browser: each sees what is theirs."""

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Windows, running_browser
from tests.support.onsale_up import PASSWORD, OnsaleUp
from tests.support.visitors import Buyer, Member, Seller, new_email

pytestmark = pytest.mark.asyncio(loop_scope="session")

_KEEP_WHAT_COMES_BACK = """
window.addEventListener("pageshow", (event) => {
  if (event.persisted) sessionStorage.setItem("came-back-with", document.body.innerText);
});
"""


async def sign_in(page: Page, member: Member) -> None:
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("E-mail address").fill(member.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_other_windows_follow_when_somebody_signs_out_and_somebody_else_in(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    after = await Buyer.join(http)
    page = await windows.open(buyer)
    await page.goto("/")
    second = await page.context.new_page()
    await second.goto(f"/events/{event_id}/A/1")
    who = second.locator(".who")
    await expect(who).to_have_attribute("title", buyer.email)

    await page.get_by_role("button", name="Sign out").click()
    await expect(second.get_by_role("link", name="Sign in")).to_be_visible()
    await sign_in(page, after)

    await expect(who).to_have_attribute("title", after.email)


async def test_back_after_signing_out_shows_nothing_of_what_was_there(
    seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    event_id = await seller.open_event(name="A private party")
    await buyer.hold(event_id, "1-1")
    # Browsers that are tested keep no pages in memory unless they are told to.
    async with running_browser(ignored=["--disable-back-forward-cache"], whole=True) as browser:
        windows = Windows(browser, system.base_url)
        page = await windows.open(buyer)
        await page.context.add_init_script(_KEEP_WHAT_COMES_BACK)
        await page.goto("/bookings")
        await expect(page.get_by_role("link", name="A private party")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("link", name="Sign in")).to_be_visible()

        await page.evaluate("history.back()")

        await expect(page.get_by_label("Password")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('came-back-with')") == ""
        await windows.close()


@pytest.mark.parametrize("status", [503, None], ids=["busy", "cut"])
async def test_whoever_could_not_be_signed_out_is_told(
    windows: Windows, buyer: Buyer, status: int | None
) -> None:
    page = await windows.open(buyer)
    await page.goto("/")
    await page.route(
        "**/logout",
        lambda route: (
            route.fulfill(status=status, json={"code": "UNAVAILABLE"}) if status else route.abort()
        ),
        times=1,
    )
    sign_out = page.get_by_role("button", name="Sign out")
    await sign_out.click()
    await expect(page.get_by_role("alert")).to_contain_text("You are still signed in.")
    await sign_out.click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()


async def test_a_stranger_becomes_a_seller_and_comes_to_their_events(windows: Windows) -> None:
    page = await windows.open()
    await page.goto("/sign-in#new")
    await page.get_by_label("Your name").fill("Sam")
    await page.get_by_label("E-mail address").fill(new_email())
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Sell tickets").check()
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", name="You sell nothing yet")).to_be_visible()


async def test_whoever_needs_another_account_comes_back_with_it(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await windows.open(seller)
    await page.goto("/bookings")
    await page.get_by_role("button", name="Use another account").click()
    await page.get_by_label("E-mail address").fill(buyer.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="You have no bookings yet")).to_be_visible()
