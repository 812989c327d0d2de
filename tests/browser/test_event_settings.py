"""What sellers change of an event that is on sale: its name, place and times, and its rules."""

import pytest
from playwright.async_api import Route, expect

from tests.support.browser import Windows, unfold
from tests.support.polling import wait_for
from tests.support.visitors import Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETTINGS = (
    ("Name, place and time", "Change the event"),
    ("When the sale begins", "Set the time"),
    ("The rules", "Set the rules"),
)


async def test_what_an_event_is_called_and_where_and_when_it_is_can_be_changed(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event(venue_name="Town Hall", starts_at="2031-05-01T19:30:07Z")
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    await unfold(page, "Name, place and time", "When the sale begins")
    change = page.get_by_role("button", name="Change the event")
    await page.get_by_label("Name", exact=True).fill("Spring Gala")
    await page.get_by_label("Description").fill("In the garden\nif the weather allows.")
    # Somebody else has moved it meanwhile: what was not touched here stays theirs.
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"venue_name": "Castle Court"})
    await change.click()
    await expect(page.get_by_text("The event is changed.")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Spring Gala")
    event = await seller.event(event_id)
    assert (event["name"], event["venue_name"]) == ("Spring Gala", "Castle Court")
    assert event["description"] == "In the garden\nif the weather allows."
    assert event["starts_at"] == "2031-05-01T19:30:07Z"
    await expect(page.get_by_text("Castle Court")).to_be_visible()

    begins = page.get_by_label("Begins")
    await begins.fill("2020-01-01T20:00")
    await change.click()
    await expect(page.get_by_text("This time is over.")).to_be_visible()
    await begins.fill("2032-07-03T20:00")
    await change.click()
    await wait_for(
        lambda: seller.event(event_id),
        lambda found: found["starts_at"].startswith("2032-07-"),
    )
    await page.get_by_label("On sale from").fill("2033-01-01T10:00")
    await page.get_by_role("button", name="Set the time").click()
    await expect(page.get_by_text("The sale would begin after the event.")).to_be_visible()
    await begins.fill("")
    await change.click()
    await wait_for(lambda: seller.event(event_id), lambda found: found["starts_at"] is None)
    await page.get_by_label("Name", exact=True).fill(" ")
    await change.click()
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    assert (await seller.event(event_id))["name"] == "Spring Gala"


async def test_a_rule_that_was_not_touched_stays_as_another_window_has_set_it(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    await unfold(page, "The rules")
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"max_tickets_per_buyer": 2})
    await page.get_by_label("Nobody may leave a single seat").check()
    await page.get_by_role("button", name="Set the rules").click()
    await expect(page.get_by_text("The rules hold from now on.")).to_be_visible()
    event = await seller.event(event_id)
    assert (event["max_tickets_per_buyer"], event["leave_no_single_seats"]) == (2, True)


async def test_what_is_typed_while_a_change_is_made_belongs_to_the_next(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    await unfold(page, "Name, place and time")
    name = page.get_by_label("Name", exact=True)
    change = page.get_by_role("button", name="Change the event")

    async def type_meanwhile(route: Route) -> None:
        answer = await route.fetch()
        await name.fill("Autumn Gala")
        await route.fulfill(response=answer)

    await page.route(f"**/api/event/{event_id}", type_meanwhile, times=1)
    await name.fill("Spring Gala")
    await change.click()
    await expect(page.get_by_text("The event is changed.")).to_be_visible()
    await change.click()
    await wait_for(lambda: seller.event(event_id), lambda found: found["name"] == "Autumn Gala")


async def test_settings_are_folded_until_they_are_asked_for(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{await seller.open_event()}")
    for heading, button in SETTINGS:
        # Whoever moves from heading to heading finds them as before.
        named = page.get_by_role("heading", name=heading)
        await expect(named).to_be_visible()
        await expect(page.get_by_role("button", name=button)).to_be_hidden()
        await page.locator("summary").filter(has=named).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name=button)).to_be_visible()


async def test_what_was_changed_while_a_sellers_page_heard_nothing_is_shown(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event(name="Evening")
    page = await windows.open(seller)
    await page.goto(f"/sell/events/{event_id}")
    live = page.locator(".live")
    await expect(live).to_have_attribute("data-state", "on")
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await expect(live).to_have_attribute("data-state", "off")
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"name": "Night"})

    await page.evaluate("window.dispatchEvent(new Event('online'))")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Night")
