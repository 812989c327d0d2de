"""Answers that are lost, or given by somebody else: nothing happens twice, and people are told."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Route, expect

from tests.support.browser import Windows, describe_event
from tests.support.onsale_up import CARD_NUMBER
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELD = "Pay and they are yours"
INTERNAL_ERROR = '{"type":"x","title":"x","status":500,"detail":"x","code":"INTERNAL_ERROR"}'


def answered(status: int, body: str) -> Callable[[Route], Awaitable[None]]:
    """The service does what it is asked, and somebody else answers."""

    async def answer(route: Route) -> None:
        await route.fetch()
        await route.fulfill(status=status, content_type="text/html", body=body)

    return answer


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, "<h1>Bad gateway</h1>"), (504, ""), (500, INTERNAL_ERROR), (200, "<h1>Wi-Fi</h1>")],
    ids=["gateway", "silence", "breakdown", "portal"],
)
async def test_a_request_that_was_answered_by_others_is_finished_and_counts_once(
    windows: Windows, seller: Seller, buyer: Buyer, status: int, body: str
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.route("**/api/booking", answered(status, body), times=1)

    await page.get_by_role("button", name="Find and hold the best seats").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_a_session_that_ended_meanwhile_makes_no_second_booking(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    cookies = await page.context.cookies()

    async def lose_answer_and_session(route: Route) -> None:
        await page.context.clear_cookies()
        await answered(502, "")(route)

    await page.route("**/api/booking", lose_answer_and_session, times=1)
    await page.get_by_role("button", name="Find and hold the best seats").click()
    await expect(page.get_by_label("Password")).to_be_visible()

    await page.context.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": windows.base_url} for one in cookies]
    )
    await page.goto(f"/events/{event_id}/A/1")

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_a_payment_that_was_answered_by_others_is_asked_for_again(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "1-1")
    page = await windows.open(buyer)
    await page.route("**/api/booking/*/sse", lambda route: route.abort())
    await page.goto(f"/bookings/{held['id']}")
    await page.route("**/pay", lambda route: route.fulfill(status=502, body="gone"))

    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 10.00 USD").click()

    await expect(page.get_by_text("No answer yet.")).to_be_visible()
    await page.unroute("**/pay")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_an_answer_that_others_have_overtaken_takes_no_tickets_away(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()
    is_made, is_paid = asyncio.Event(), asyncio.Event()

    async def be_late(route: Route) -> None:
        answer = await route.fetch()
        is_made.set()
        await is_paid.wait()
        await route.fulfill(response=answer)

    booking = f"**/api/booking/{held['id']}"
    await page.route(booking, be_late, times=1)
    # A stream that breaks off has the booking read.
    await page.evaluate("() => window.dispatchEvent(new Event('offline'))")
    await is_made.wait()
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 10.00 USD").click()
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Your tickets")

    async with page.expect_response(booking) as answered:
        is_paid.set()
    assert (await (await answered.value).json())["status"] == "pending_payment"
    # What comes after it is taken after it.
    await page.evaluate("async () => (await fetch('/livez')).text()")
    await expect(heading).to_have_text("Your tickets")


async def test_a_picture_that_did_not_come_is_loaded_again_by_a_click(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    held = await buyer.hold(await seller.open_event(), "1-1", "1-2")
    await buyer.pay(held["id"])
    page = await windows.open(buyer)
    await page.route("**/qr.svg", lambda route: route.abort(), times=3)
    await page.goto(f"/bookings/{held['id']}")
    again = page.get_by_role("button", name="Load the picture for row 1, seat 1 again")
    await expect(again).to_be_visible()
    await expect(page.locator(".ticket code").first).to_be_visible()
    for _ in range(2):  # the third is lost as well
        await again.click()
    await expect(page.get_by_role("img", name="Code for row 1, seat 1")).to_be_visible()

    # The other one comes by itself once there is a connection.
    await expect(page.get_by_role("button", name="for row 1, seat 2 again")).to_be_visible()
    await page.evaluate("() => window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_role("img", name="Code for row 1, seat 2")).to_be_visible()


async def test_a_seller_looks_whether_an_event_is_there_before_it_is_made_twice(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    await page.route("**/api/event", answered(504, ""), times=1)
    await page.get_by_role("button", name="Create event").click()

    await expect(page.get_by_text("may have been created all the same")).to_be_visible()
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Look at your events").click()
    events = await opened.value
    await expect(events.get_by_role("link", name="Spring Gala")).to_have_count(1)
    # What was typed is still there.
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Spring Gala")


async def test_whoever_reloads_while_an_event_is_made_is_told_to_look_for_it(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await describe_event(page)
    is_made = asyncio.Event()

    async def make_and_say_nothing(route: Route) -> None:
        await route.fetch()
        is_made.set()

    await page.route("**/api/event", make_and_say_nothing, times=1)
    await page.get_by_role("button", name="Create event").click()
    await is_made.wait()
    await page.reload()
    told = page.get_by_text("so the event may have been created")
    await expect(told).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Spring Gala")

    # Another one that is refused says nothing of the first.
    await page.get_by_label("Venue").fill(" ")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_label("Venue")).to_have_attribute("aria-invalid", "true")
    await page.reload()
    await expect(told).to_be_visible()


async def test_whoever_reloads_after_a_refusal_is_told_of_no_other_event(
    windows: Windows, seller: Seller
) -> None:
    page = await windows.open(seller)
    await page.goto("/sell/new")
    await page.get_by_label("Name", exact=True).fill("Spring Gala")
    await page.get_by_label("Venue").fill(" ")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_label("Venue")).to_have_attribute("aria-invalid", "true")
    await page.reload()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Spring Gala")
    await expect(page.get_by_text("so the event may have been created")).to_have_count(0)


async def test_a_request_that_waits_keeps_nobody_from_paying_for_other_seats(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    held = await buyer.hold(event_id, "1-1")
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    is_busy = True

    async def be_busy(route: Route) -> None:
        if is_busy and route.request.method == "POST":
            await route.fulfill(
                status=503, headers={"Retry-After": "1"}, json={"code": "UNAVAILABLE"}
            )
        else:
            await route.continue_()

    await page.route("**/api/booking", be_busy)
    await page.get_by_role("gridcell", name="Row 3, seat 3,").click()
    await page.get_by_role("button", name="Hold 1 seat").click()
    await expect(page.get_by_text("Very many people are booking.")).to_be_visible()
    await page.goto(f"/bookings/{held['id']}")
    await page.get_by_role("button", name="Show the page meanwhile").click()
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 10.00 USD").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")

    # It goes on behind the page, and counts.
    is_busy = False
    await wait_for(lambda: buyer.all_items("/api/booking"), lambda items: len(items) == 2)
    await page.goto("/")
    await expect(page.get_by_role("link", name="Seats held")).to_be_visible()
