"""What sellers do with webhooks: register one, see what it was told, give it a new secret."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from storm.receiver import Answer, Receiver
from tests.support.browser import DESKTOP, PHONE, Windows, faults_in_both_themes
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


async def register(page: Page, url: str) -> str:
    """Register an address; its secret, as it is shown."""
    await page.goto("/sell/webhooks")
    await page.get_by_label("Address").fill(url)
    await page.get_by_role("button", name="Register").click()
    secret = page.locator(".notice code")
    await expect(secret).to_have_text(secret_pattern())
    return await secret.inner_text()


def secret_pattern() -> re.Pattern[str]:
    return re.compile(r"^whsec_\S{44}$")


async def test_an_address_is_registered_tried_out_and_told_of_a_sale(
    windows: Windows, seller: Seller, buyer: Buyer, receiver: Receiver
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell")
    await page.get_by_role("link", name="Webhooks").click()
    secret = await register(page, receiver.url())
    panel = page.get_by_role("region", name=receiver.url())
    await panel.get_by_role("button", name="Send a ping").click()
    row = panel.get_by_role("row").nth(1)
    await expect(row).to_contain_text("Ping")
    await expect(row).to_contain_text("Delivered")
    await expect(row).to_contain_text("200")
    assert receiver.posts[0].is_signed_with(secret)

    event_id = await seller.open_event()
    booking = await buyer.hold(event_id)
    assert (await buyer.pay(booking["id"])).status_code == 200
    await expect(row).to_contain_text("Booking completed")
    await expect(row).to_contain_text("Delivered")
    assert not await faults_in_both_themes(page, "webhooks")

    await page.reload()
    await expect(page.get_by_role("heading", name=receiver.url())).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("whsec_")


async def test_what_was_not_accepted_is_seen_and_sent_again(
    windows: Windows, seller: Seller, receiver: Receiver
) -> None:
    receiver.answer = lambda _post: Answer(500)
    page = await windows.open(seller)
    await register(page, receiver.url())
    panel = page.get_by_role("region", name=receiver.url())
    await panel.get_by_role("button", name="Send a ping").click()
    row = panel.get_by_role("row").nth(1)
    await expect(row).to_contain_text("500, not accepted")
    await expect(row).to_contain_text("Owed")
    receiver.answer = lambda _post: Answer(204)
    await row.get_by_role("button", name="again").click()
    await expect(row).to_contain_text("Delivered")
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    await panel.get_by_label("Show").select_option("Given up")
    await expect(panel).to_contain_text("Nothing yet")
    await panel.get_by_label("Show").select_option("Delivered")
    await expect(row).to_contain_text("Ping")


async def test_a_receiver_that_wants_nothing_more_is_disabled_and_put_in_use_again(
    windows: Windows, seller: Seller, receiver: Receiver
) -> None:
    receiver.answer = lambda _post: Answer(410)
    page = await windows.open(seller)
    await register(page, receiver.url())
    panel = page.get_by_role("region", name=receiver.url())
    await panel.get_by_role("button", name="Send a ping").click()
    await expect(panel.get_by_role("row").nth(1)).to_contain_text("410, wants nothing any more")
    await page.reload()
    await expect(panel).to_contain_text("Disabled: it answered 410")
    await expect(panel.get_by_role("button", name="Send a ping")).to_be_disabled()
    await panel.get_by_role("button", name="Use again").click()
    await expect(panel.locator(".pill").first).to_have_text("In use")
    await expect(panel.get_by_role("button", name="Send a ping")).to_be_enabled()


async def test_the_secret_that_a_receiver_has_is_not_ended_by_a_double_click(
    windows: Windows, seller: Seller, receiver: Receiver
) -> None:
    page = await windows.open(seller)
    first = await register(page, receiver.url())
    await page.reload()  # where nothing is told that would move the button from under the pointer
    panel = page.get_by_role("region", name=receiver.url())
    rotate = panel.get_by_role("button", name="New secret")
    await rotate.dblclick()
    await expect(panel).to_contain_text("The secret before is good until")
    await rotate.click()
    await page.get_by_role("button", name="Keep both").click()
    await panel.get_by_role("button", name="Send a ping").click()
    await expect(panel.get_by_role("row").nth(1)).to_contain_text("Delivered")
    assert receiver.posts[0].is_signed_with(first)

    await rotate.click()
    await page.get_by_role("button", name="Make another one").click()
    await expect(page.locator(".notice code")).to_have_text(secret_pattern())
    await panel.get_by_role("button", name="Send a ping").click()
    await expect(panel.get_by_role("row")).to_have_count(3)
    await expect(panel.get_by_role("row").nth(1)).to_contain_text("Delivered")
    assert not receiver.posts[1].is_signed_with(first)


async def test_a_new_secret_is_shown_once_and_a_webhook_removed_for_good(
    windows: Windows, seller: Seller, receiver: Receiver
) -> None:
    page = await windows.open(seller)
    first = await register(page, receiver.url())
    panel = page.get_by_role("region", name=receiver.url())
    await panel.get_by_role("button", name="New secret").click()
    secret = page.locator(".notice code")
    await expect(secret).not_to_have_text(first)
    await expect(secret).to_have_text(secret_pattern())
    await expect(panel).to_contain_text("The secret before is good until")
    await panel.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(panel).to_be_visible()
    await panel.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(panel).to_have_count(0)
    assert await seller.all_items("/api/webhook") == []


async def test_an_address_inside_the_network_is_refused_where_it_was_typed(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/webhooks")
    for url in ("http://example.com/", "https://10.0.0.1/", "https://me:pass@example.com/"):
        await page.get_by_label("Address").fill(url)
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#url-wrong")).to_contain_text("This address is refused")
    for name in ("completed", "cancelled", "sold out"):
        await page.get_by_label(name).uncheck()
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose what the address is to be told")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_everybody_can_use_the_page(
    windows: Windows, seller: Seller, receiver: Receiver, size: tuple[int, int]
) -> None:
    page = await windows.open(seller, size=size)
    await register(page, receiver.url())
    panel = page.get_by_role("region", name=receiver.url())
    await panel.get_by_role("button", name="Send a ping").click()
    await expect(panel.get_by_role("row").nth(1)).to_contain_text("Delivered")
    assert not await faults_in_both_themes(page, f"webhooks-{size[0]}")
