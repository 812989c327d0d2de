"""Several people want the same seats, and each sees what becomes of them."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser import (
    WAIT_MILLISECONDS_MAX,
    Windows,
    ask_for_nothing_at_intervals,
    ask_when_told,
    be_answered_late,
    be_refused_at_once,
    screenshot,
)
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, JsonObject, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELD = re.compile("Pay and they are yours")
GONE = re.compile("These seats were gone")
# A page gives up reading after these.
READ_ATTEMPTS_MAX = 4


async def choose(page: Page, event_id: int, *seats: str) -> None:
    await page.goto(f"/events/{event_id}/A/1")
    for seat in seats:
        row, number = seat.split("-")
        await page.get_by_role("gridcell", name=f"Row {row}, seat {number}, available").click()


async def test_of_two_who_want_one_seat_one_gets_it_and_the_other_is_offered_others(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    rival = await Buyer.join(http)
    pages = [await windows.open(buyer), await windows.open(rival)]
    await asyncio.gather(*(choose(page, event_id, "1-4", "1-5") for page in pages))

    # Both requests are accepted before either is decided.
    with system.paused("seat-reservation"):
        for page in pages:
            await page.get_by_role("button", name="Hold 2 seats").click()
        for page in pages:
            await expect(page.get_by_role("heading", level=1)).to_have_text("Finding your seats")
    for page in pages:
        await expect(page.get_by_role("heading", level=1)).to_have_text(
            re.compile(f"{HELD.pattern}|{GONE.pattern}")
        )

    titles = [await page.get_by_role("heading", level=1).inner_text() for page in pages]
    assert sorted(titles) == ["Pay and they are yours", "These seats were gone"]
    loser = pages[titles.index("These seats were gone")]
    await expect(loser.get_by_role("alert")).to_contain_text("Somebody was faster")
    await loser.get_by_role("button", name="Take").first.click()
    await expect(loser.get_by_role("heading", level=1)).to_have_text(HELD)
    system.verify(event_id)


async def test_seats_that_others_take_change_before_ones_eyes(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    page = await windows.open(buyer)
    await ask_for_nothing_at_intervals(page)
    await choose(page, event_id, "2-1", "2-2")
    await expect(page.get_by_text("Live: what others take")).to_be_visible()

    held = await other.hold(event_id, "2-2", "3-3")

    # One of them had been chosen here: the choice goes, and others are offered.
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, held")).to_be_visible()
    await expect(page.get_by_role("gridcell", name="Row 2, seat 2, held")).to_have_attribute(
        "aria-selected", "false"
    )
    await expect(page.get_by_role("alert")).to_contain_text("Row 2, seat 2: somebody was faster.")
    await expect(page.get_by_role("button", name="Hold 1 seat")).to_be_visible()

    await other.pay(held["id"])
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, sold")).to_be_visible()


async def test_a_map_that_is_older_than_the_news_is_read_again(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    pages = [await windows.open(buyer), await windows.open(seller)]
    held_back = [await be_answered_late(page) for page in pages]
    paths = [f"/events/{event_id}/A/1", f"/sell/events/{event_id}"]
    for page, path in zip(pages, paths, strict=True):
        await ask_for_nothing_at_intervals(page)
        await page.goto(path)
        await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    await pages[1].get_by_text("Block seats, or free them").click()
    for page in pages:
        await expect(page.get_by_role("gridcell", name="Row 3, seat 3, available")).to_be_visible()

    await other.hold(event_id, "3-3")

    for page in pages:
        await expect(page.get_by_role("gridcell", name="Row 3, seat 3, held")).to_be_visible()
    assert all(held_back)


async def test_a_map_that_is_older_than_one_before_it_is_read_again(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    """Of several processes that answer, each keeps a map of its own."""
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    page = await windows.open(buyer)
    await page.clock.install()
    await ask_when_told(page)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    available = page.get_by_role("gridcell", name="Row 3, seat 3, available")
    held = page.get_by_role("gridcell", name="Row 3, seat 3, held")
    await expect(available).to_be_visible()
    before = await buyer.get(f"/api/event/{event_id}/sections/A/subsection/1/seats")
    await page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    await other.hold(event_id, "3-3")
    await expect(held).to_be_visible()

    await page.route("**/seats", lambda route: route.fulfill(json=before), times=1)
    await page.evaluate("askAtInterval()")
    await page.clock.run_for(400)
    await expect(available).to_be_visible()
    await page.clock.run_for(400)

    await expect(held).to_be_visible()


async def test_a_map_that_could_not_be_read_on_news_is_read_again(
    windows: Windows, seller: Seller, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    page = await windows.open(seller)
    await ask_for_nothing_at_intervals(page)
    await page.goto(f"/sell/events/{event_id}")
    await expect(page.locator(".live")).to_have_attribute("data-state", "on")
    await page.get_by_text("Block seats, or free them").click()
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, available")).to_be_visible()
    lost = list[Route]()

    async def lose(route: Route) -> None:
        lost.append(route)
        await route.abort("connectionreset")

    await page.route("**/seats", lose, times=READ_ATTEMPTS_MAX)
    await other.hold(event_id, "3-3")

    # It waits seconds before it gives up.
    await expect(page.get_by_role("gridcell", name="Row 3, seat 3, held")).to_be_visible(
        timeout=WAIT_MILLISECONDS_MAX
    )
    assert len(lost) == READ_ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("path", "words"), [("/events/{}", "48 left"), ("/sell/events/{}", "Held2")]
)
async def test_an_event_that_is_read_again_keeps_the_counts_that_were_told(
    windows: Windows, seller: Seller, buyer: Buyer, path: str, words: str
) -> None:
    """What is read may have been made before: here that, and something else to see it by."""
    event_id = await seller.open_event()
    before = await seller.event(event_id) | {"name": "Night"}
    page = await windows.open(seller)
    await page.goto(path.format(event_id))
    live = page.locator(".live")
    await expect(live).to_have_attribute("data-state", "on")
    await buyer.hold(event_id, quantity=2)
    await expect(page.get_by_role("main")).to_contain_text(words)

    await page.route(f"**/api/event/{event_id}", lambda route: route.fulfill(json=before), times=1)
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"name": "Night"})

    await expect(page.get_by_role("heading", level=1)).to_have_text("Night")
    await expect(page.get_by_role("main")).to_contain_text(words)


async def test_seats_that_were_given_up_come_back_before_ones_eyes(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event(regular_hall(rows=1, cols=2))
    other = await Buyer.join(http)
    held = await other.hold(event_id, quantity=2)
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("heading", name="Sold out")).to_be_visible()
    await expect(page.get_by_role("link", name="A 1")).to_contain_text("Sold out")

    await other.cancel(held["id"])

    await expect(page.get_by_role("link", name="A 1")).to_contain_text("2 left")
    await expect(page.get_by_role("heading", name="Sold out")).to_be_hidden()


async def test_a_refused_choice_offers_others_with_one_click(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    rival = await Buyer.join(http)
    page = await windows.open(buyer)
    await choose(page, event_id, "1-1", "1-2")
    # A window that hears of nothing goes on showing them as free.
    for news in ("**/api/event/*/sse", "**/seats"):
        await page.route(news, lambda route: route.abort("connectionreset"))
    await page.get_by_role("grid").evaluate("() => window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("Not live just now")).to_be_visible()
    await rival.hold(event_id, "1-1")
    order = rival.order(event_id, "1-1", "1-2")
    await be_refused_at_once(page, rival, order, "SEAT_CONFLICT")

    await page.get_by_role("button", name="Hold 2 seats").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody was faster")
    await expect(page.get_by_role("button", name="Hold 1 seat")).to_be_visible()
    offer = page.get_by_role("button", name="Take row 1, seats 2 and 3")
    await expect(offer).to_contain_text("20.00 USD")
    await offer.click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    (booking,) = await buyer.all_items("/api/booking")
    assert booking["seat_positions"] == ["1-2", "1-3"]


async def test_a_choice_that_leaves_a_seat_alone_is_answered_with_others(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    """Whether the service knows the seats when it is asked, or only the seat store does."""
    event_id = await seller.open_event(leave_no_single_seats=True)
    page = await windows.open(buyer)
    await choose(page, event_id, "1-2", "1-3")
    await page.get_by_role("button", name="Hold 2 seats").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("A seat would be left alone")
    await page.get_by_role("button", name="Take row 1, seats 1 and 2").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)

    rival = await Buyer.join(http)
    await choose(page, event_id, "2-2", "2-3")
    await be_refused_at_once(page, rival, rival.order(event_id, "2-2", "2-3"), "ORPHAN_SEAT")
    await page.get_by_role("button", name="Hold 2 seats").click()
    await expect(page.get_by_role("alert")).to_contain_text("would leave row 2, seat 1 alone")
    offer = page.get_by_role("button", name="Take row 2, seats 1 and 2")
    await expect(offer).to_contain_text("20.00 USD")
    await offer.click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    taken = {tuple(one["seat_positions"]) for one in await held_by(buyer)}
    assert taken == {("1-1", "1-2"), ("2-1", "2-2")}


async def held_by(buyer: Buyer) -> list[JsonObject]:
    return await buyer.all_items("/api/booking?status=pending_payment")


async def test_whoever_has_all_they_may_have_is_told_how_many(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(max_tickets_per_buyer=3)
    await buyer.hold(event_id, quantity=2)
    page = await windows.open(buyer)
    await choose(page, event_id, "2-1", "2-2")
    await page.get_by_role("button", name="Hold 2 seats").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "One person may have 3 tickets for this event, and you have 2 already. You can take 1 more."
    )
    await page.get_by_role("gridcell", name="Row 2, seat 2,").click()
    await page.get_by_role("button", name="Hold 1 seat").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)


async def test_the_best_seats_of_a_price_and_wheelchair_spaces_are_asked_for(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    part = {
        "number": 1,
        "rows": 3,
        "seats_per_row": 6,
        "price_categories": [{"name": "front", "price": 2_500, "rows": [1, 1]}],
        "accessible": ["2-1"],
        "companion": ["2-2"],
    }
    hall = {"sections": [{"name": "A", "price": 1_000, "subsections": [part]}]}
    event_id = await seller.open_event(hall)
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    for name in (
        "Row 1, seat 1, front, available, 25.00 USD",
        "Row 2, seat 1, wheelchair space, available, 10.00 USD",
        "Row 2, seat 2, companion seat, available, 10.00 USD",
    ):
        await expect(page.get_by_role("gridcell", name=name)).to_be_visible()
    await screenshot(page, "categories")
    await page.get_by_label("Price").select_option("front")
    await page.get_by_role("button", name="Find and hold the best seats").click()
    await expect(page.get_by_role("button", name="Pay 50.00 USD")).to_be_visible()

    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_label("Of these, wheelchair spaces").select_option("1")
    await page.get_by_role("button", name="Find and hold the best seats").click()
    await expect(page.get_by_role("button", name="Pay 20.00 USD")).to_be_visible()
    taken = {tuple(one["seat_positions"]) for one in await held_by(buyer)}
    assert taken == {("1-1", "1-2"), ("2-1", "2-2")}
