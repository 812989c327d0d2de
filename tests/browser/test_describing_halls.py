"""How sellers describe a hall and put it on sale."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import (
    Windows,
)
from tests.support.visitors import Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    await page.get_by_label("Tickets per buyer").fill("3")
    await page.get_by_label("Nobody may leave a single seat").check()
    await page.get_by_role("button", name="Create event").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring Gala")
    await expect(page.locator(".pill").first).to_have_text("On sale")
    await expect(page.locator(".tile").first).to_contain_text("60")
    (event,) = await seller.all_items("/api/event?mine=true")
    assert event["seating_config"]["sections"][0]["price"] == 1_250
    assert (event["max_tickets_per_buyer"], event["leave_no_single_seats"]) == (3, True)
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
        '{"sections":[{"name":"X","price":100,"subsections":[{"number":7,"rows":2,"seats_per_row":3'
        ',"price_categories":[{"name":"front","price":250,"rows":[1]}]}]}]}'
    )
    await expect(preview).to_contain_text("A price category has")
    text = await page.get_by_label("Seating configuration").input_value()
    await page.get_by_label("Seating configuration").fill(text.replace("[1]", "[1,1]"))
    await expect(preview).to_contain_text("6 seats")
    await expect(preview).to_contain_text("10.50 USD")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("rowheader", name="X 7")).to_be_visible()


@pytest.mark.parametrize("own", ["null", "5", "{}", '"x"', "[null]", '[{"price":-1,"rows":[1,1]}]'])
async def test_what_are_no_price_categories_is_told_while_typing(
    windows: Windows, seller: Seller, own: str
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await page.get_by_label("As JSON").check()
    part = f'{{"number":1,"rows":2,"seats_per_row":3,"price_categories":{own}}}'
    await page.get_by_label("Seating configuration").fill(
        f'{{"sections":[{{"name":"A","price":100,"subsections":[{part}]}}]}}'
    )
    await expect(page.get_by_label("What the hall will be")).to_contain_text("A price category has")


@pytest.mark.parametrize("price", ["", "free", "-4", "1e9", "12.345", "1,234.50", "1000000.01"])
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


async def test_an_event_may_be_hidden_from_the_beginning(windows: Windows, seller: Seller) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe(page)
    await page.get_by_label("Show it to everybody").uncheck()
    await page.get_by_role("button", name="Create event").click()
    await expect(page.locator(".pill").first).to_have_text("Not on sale")
    (event,) = await seller.all_items("/api/event?mine=true")
    assert event["is_active"] is False


async def test_what_the_service_finds_wrong_is_told_in_sentences(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe(page)
    await page.get_by_label("As JSON").check()
    part = '{"number":1,"rows":2,"seats_per_row":3,"accessible":["front","back"]}'
    await page.get_by_label("Seating configuration").fill(
        f'{{"sections":[{{"name":"A","price":100,"subsections":[{part}]}}]}}'
    )
    await page.get_by_role("button", name="Create event").click()
    told = re.compile(r"^A position is [^.]+\. A position is [^.]+\.$")
    await expect(page.get_by_role("alert")).to_have_text(told)
