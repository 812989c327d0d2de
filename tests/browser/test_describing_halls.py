"""How sellers describe a hall and put it on sale."""

import re

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import Windows, describe_event, faults_in_both_themes, set_clock_wrong
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_hall_in_three_numbers_is_seen_while_typing_and_then_on_sale(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell")
    await expect(page.get_by_role("heading", name="You sell nothing yet")).to_be_visible()
    await page.get_by_role("link", name="New event").click()
    await describe_event(page)
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
    await describe_event(page)
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
    text_area = page.get_by_label("Seating configuration")
    await expect(text_area).to_be_focused()
    await expect(text_area).to_have_accessible_description(re.compile("not JSON yet"))
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


async def create_faulty(page: Page, control: Locator, value: str, fault: str) -> None:
    """With the value, nothing is created; its control says why, until it is right again."""
    before = await control.input_value()
    await control.fill(value)
    await page.get_by_role("button", name="Create event").click()
    await expect(control).to_be_focused()
    await expect(page.locator("[aria-invalid]")).to_have_count(1)
    await expect(control).to_have_attribute("aria-invalid", "true")
    await expect(control).to_have_accessible_description(re.compile(fault))
    await control.fill(before)
    await expect(page.locator("[aria-invalid]")).to_have_count(0)


async def test_a_fault_of_the_hall_is_told_at_its_field(windows: Windows, seller: Seller) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    whole = "whole numbers from 1"
    for label, value, fault in (
        ("Parts", "0", "at least one part"),
        ("Parts", "2501", "at most 2,500 parts"),
        ("Parts", "2001", "at most 1,000,000 seats"),
        ("Rows each", "four", whole),
        ("Seats per row", "0", whole),
        ("Seats per row", "401", "at most 10,000 seats"),
        ("Price of a seat", "free", "A price is"),
    ):
        await create_faulty(page, page.get_by_label(label, exact=True), value, fault)

    await page.get_by_label("Section by section").check()
    second = page.get_by_role("group", name="Section 2")
    for label, value, fault in (
        ("Section", "", "A section's name has"),
        ("Section", "Stalls", "the same name"),
        ("Price", "", "A price is"),
        ("Parts", "", "at least one part"),
        ("Rows", "1.5", whole),
        ("Seats", "-1", whole),
    ):
        await create_faulty(page, second.get_by_label(label, exact=True), value, fault)
    await second.get_by_label("Rows").fill("none")
    await page.get_by_role("button", name="Create event").click()
    faults = await faults_in_both_themes(page, "sell-new-wrong")
    assert not faults, "\n".join(faults)
    assert not await seller.all_items("/api/event?mine=true")


async def test_of_several_faults_the_first_on_the_page_is_gone_to(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    await page.get_by_label("Price of a seat").fill("free")
    await page.get_by_label("Currency").fill("")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.locator("[aria-invalid]")).to_have_count(2)
    await expect(page.get_by_label("Price of a seat")).to_be_focused()


async def test_sections_and_parts_are_told_apart_before_anything_is_typed(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    hall = page.get_by_role("region", name="The hall")
    await expect(hall).to_contain_text("A section has a name and a price")
    await expect(hall).to_contain_text("its parts are blocks of rows")


async def test_what_is_typed_of_an_event_is_kept_until_it_is_made_or_given_up(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell")
    await page.get_by_role("link", name="New event").click()
    await describe_event(page)
    await page.get_by_label("Begins").fill("2040-01-01T20:00")
    await page.get_by_label("Seats per row").fill("7")
    await page.get_by_label("Section by section").check()
    await page.get_by_role("button", name="Remove section 2").click()
    await page.get_by_role("button", name="Add a section").click()
    await page.get_by_role("group", name="Section 3").get_by_label("Rows").fill("3")
    await page.get_by_label("Minutes to pay").fill("25")
    await page.get_by_label("Nobody may leave a single seat").check()
    await page.get_by_label("Show it to everybody").uncheck()

    async def expect_all_of_it() -> None:
        await expect(page.get_by_label("Name", exact=True)).to_have_value("Spring Gala")
        await expect(page.get_by_label("Begins")).to_have_value("2040-01-01T20:00")
        await expect(page.get_by_label("Section by section")).to_be_checked()
        second = page.get_by_role("group", name="Section 2")
        await expect(second.get_by_label("Section", exact=True)).to_have_value("C")
        await expect(page.get_by_label("Rows", exact=True)).to_have_count(2)
        await expect(second.get_by_label("Rows")).to_have_value("3")
        await expect(page.get_by_label("What the hall will be")).to_contain_text("1,660 seats")
        await expect(page.get_by_label("Minutes to pay")).to_have_value("25")
        await expect(page.get_by_label("Nobody may leave a single seat")).to_be_checked()
        await expect(page.get_by_label("Show it to everybody")).not_to_be_checked()

    await page.reload()
    await expect_all_of_it()
    await page.get_by_role("link", name="Your events").click()
    await expect(page.get_by_role("heading", name="You sell nothing yet")).to_be_visible()
    await page.go_back()
    await expect_all_of_it()
    await page.get_by_role("button", name="Add a section").click()
    added = page.get_by_role("group", name="Section 3").get_by_label("Section", exact=True)
    await expect(added).to_have_value("D")
    await page.get_by_label("All parts alike").check()
    await expect(page.get_by_label("Seats per row")).to_have_value("7")

    await page.get_by_role("link", name="Cancel").click()
    await page.get_by_role("link", name="New event").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("")
    await describe_event(page)
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring Gala")
    await page.goto("/sell/new")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("")


async def test_what_another_account_has_typed_is_not_shown(
    windows: Windows, seller: Seller, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    rival = await Seller.join(http)
    # As a session that has run out and another one that began do: nobody has signed out here.
    await page.context.add_cookies(
        [{"name": "onsale_session", "value": rival.token, "url": system.base_url}]
    )
    await page.reload()
    await expect(page.locator(".who")).to_have_attribute("title", rival.email)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert await page.evaluate("sessionStorage.getItem('onsale.new-event')") is None


async def test_of_more_than_can_be_kept_nothing_older_comes_back(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    await page.get_by_label("As JSON").check()
    await page.get_by_label("Seating configuration").fill("[" + " " * 200_000)
    await page.reload()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("")


async def test_times_that_make_no_sense_are_told_before_anything_is_sold(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    create = page.get_by_role("button", name="Create event")
    await page.get_by_label("Begins").fill("2020-01-01T20:00")
    await create.click()
    await expect(page.get_by_text("This time is over.")).to_be_visible()
    await page.get_by_label("Begins").fill("2040-01-01T20:00")
    await page.get_by_label("On sale from").fill("2040-01-02T20:00")
    await create.click()
    await expect(page.get_by_text("The sale would begin after the event.")).to_be_visible()
    assert not await seller.all_items("/api/event?mine=true")


async def test_whose_clock_is_fast_may_name_a_time_that_is_not_over(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await set_clock_wrong(page, by_seconds=100 * 366 * 86_400)
    await page.goto("/sell/new")
    await describe_event(page)
    await page.get_by_label("Begins").fill("2040-01-01T20:00")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring Gala")


async def test_an_event_may_be_hidden_from_the_beginning(windows: Windows, seller: Seller) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
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
    await describe_event(page)
    await page.get_by_label("As JSON").check()
    part = '{"number":1,"rows":2,"seats_per_row":3,"accessible":["front","back"]}'
    await page.get_by_label("Seating configuration").fill(
        f'{{"sections":[{{"name":"A","price":100,"subsections":[{part}]}}]}}'
    )
    await page.get_by_role("button", name="Create event").click()
    told = re.compile(r"^A position is [^.]+\. A position is [^.]+\.$")
    await expect(page.get_by_role("alert")).to_have_text(told)
