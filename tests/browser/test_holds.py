"""A hold survives what happens to windows and connections, and nothing is booked or paid twice."""

import asyncio
import re
from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.support.browser import Windows, ask_for_nothing_at_intervals, set_clock_wrong
from tests.support.onsale_up import CARD_NUMBER, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

DECLINED = "4000 0000 0000 0002"
HELD = "Pay and they are yours"
SLOW_SECONDS = 6.0


async def hold(windows: Windows, buyer: Buyer, event_id: int) -> Page:
    held = await buyer.hold(event_id, "1-1", "1-2")
    page = await windows.open(buyer)
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    return page


async def pay(page: Page, card: str) -> None:
    await page.get_by_label("Card number").fill(card)
    await page.get_by_role("button", name="Pay 20.00 USD").click()


async def test_a_hold_runs_out_in_front_of_its_buyer(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await hold(windows, buyer, await seller.open_event(hold_seconds=5))

    await expect(page.get_by_role("heading", level=1)).to_have_text("This booking is over")
    await expect(page.get_by_text("The time to pay ran out")).to_be_visible()
    await page.get_by_role("button", name="Hold the same seats again").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)


async def test_reloading_and_a_second_window_show_the_same_hold(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await hold(windows, buyer, event_id)

    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    second = await page.context.new_page()
    await second.goto("/")
    await second.get_by_role("link", name="Seats held").click()
    await expect(second.get_by_role("heading", level=1)).to_have_text(HELD)

    # Paid in one window, it is paid in the other.
    await pay(second, CARD_NUMBER)
    for window in (second, page):
        await expect(window.get_by_role("heading", level=1)).to_have_text("Your tickets")
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_of_several_holds_every_page_shows_the_one_that_runs_out_first(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    first, second = [await buyer.hold(event_id, seat) for seat in ("1-1", "1-5")]
    page = await windows.open(buyer)
    reminder = page.get_by_role("link", name="Seats held")
    for path, shown in (
        ("/", first),
        (f"/bookings/{second['id']}", first),
        # It has a clock of its own.
        (f"/bookings/{first['id']}", second),
    ):
        await page.goto(path)
        await expect(reminder).to_have_attribute("href", f"/bookings/{shown['id']}")
    await buyer.cancel(first["id"])
    async with page.expect_response("**/api/booking?status=pending_payment*"):
        await page.goto(f"/bookings/{second['id']}")
    await expect(page.get_by_role("button", name="Give the seats up")).to_be_visible()
    await expect(reminder).to_have_count(0)


async def test_a_double_click_pays_once(windows: Windows, seller: Seller, buyer: Buyer) -> None:
    page = await hold(windows, buyer, await seller.open_event())
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.url.endswith("/pay") else None)

    is_seen = asyncio.Event()

    async def wait_until_seen(route: Route) -> None:
        await is_seen.wait()
        await route.continue_()

    await page.route("**/pay", wait_until_seen)
    await page.get_by_label("Card number").fill(CARD_NUMBER)
    await page.get_by_role("button", name="Pay 20.00 USD").dblclick()

    await expect(page.get_by_role("button", name="Paying")).to_be_disabled()
    is_seen.set()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")
    assert len(sent) == 1


async def test_a_declined_card_leaves_the_hold_and_another_one_pays(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await hold(windows, buyer, await seller.open_event())

    await pay(page, DECLINED)
    await expect(page.get_by_role("alert")).to_contain_text("Your seats are still held")
    await expect(page.get_by_label("Card number")).to_be_focused()
    await pay(page, CARD_NUMBER)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_a_number_that_is_no_card_is_not_sent(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await hold(windows, buyer, await seller.open_event())

    await pay(page, "4242")

    await expect(page.get_by_text("A card number has 12 to 19 digits.")).to_be_visible()
    await expect(page.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")


async def test_offline_nothing_is_lost_and_the_request_is_sent_once_there_is_a_connection(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 1, seat 5, available").click()

    await page.context.set_offline(True)
    await expect(page.get_by_text("You are offline")).to_be_visible()
    await page.get_by_role("button", name="Hold 1 seat").click()
    await expect(page.get_by_text("No answer yet")).to_be_visible()
    assert await buyer.all_items("/api/booking") == []
    await page.context.set_offline(False)

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_a_request_whose_answer_was_lost_is_finished_after_a_reload_without_a_second_booking(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 1, seat 5, available").click()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    await page.route("**/api/booking", lose_the_answer, times=1)
    await page.get_by_role("button", name="Hold 1 seat").click()
    await wait_for(lambda: buyer.all_items("/api/booking"), lambda items: len(items) == 1)
    await page.reload()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_a_payment_whose_answer_was_lost_is_asked_for_again_and_charged_once(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await hold(windows, buyer, await seller.open_event())

    is_told = asyncio.Event()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    async def wait_until_told(route: Route) -> None:
        await is_told.wait()
        await route.continue_()

    # Nor does anything else tell of it.
    others = re.compile(r"/api/booking/[0-9a-f-]+(/sse)?$")
    await page.route(others, lambda route: route.abort())
    await page.route("**/pay", wait_until_told)
    await page.route("**/pay", lose_the_answer, times=1)
    async with page.expect_request("**/pay") as first:
        await pay(page, CARD_NUMBER)
    async with page.expect_response("**/pay") as second:
        await expect(page.get_by_text("The same payment is asked for again")).to_be_visible()
        is_told.set()
    assert (await second.value).ok
    asked = [(await first.value), (await second.value).request]
    assert len({one.headers["idempotency-key"] for one in asked}) == 1

    await page.unroute(others)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your tickets")


async def test_a_live_page_goes_on_after_the_connection_was_lost(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    page = await windows.open(buyer)
    await ask_for_nothing_at_intervals(page)
    await page.goto(f"/events/{event_id}/A/1")
    await expect(page.get_by_text("Live: what others take")).to_be_visible()

    await page.context.set_offline(True)
    await expect(page.get_by_text("Not live just now")).to_be_visible()
    await other.hold(event_id, "1-1")
    await page.context.set_offline(False)

    await expect(page.get_by_role("gridcell", name="Row 1, seat 1, held")).to_be_visible()
    await expect(page.get_by_text("Live: what others take")).to_be_visible()
    await expect(page.get_by_text("You are offline")).to_be_hidden()


async def test_back_from_the_booking_shows_the_seats_as_ones_own(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 1, seat 5, available").click()
    await page.get_by_role("button", name="Hold 1 seat").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)

    await page.go_back()

    await expect(page.get_by_role("gridcell", name="Row 1, seat 5, yours")).to_be_visible()
    await expect(page.get_by_role("link", name="Seats held")).to_be_visible()
    await page.go_forward()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    assert len(await buyer.all_items("/api/booking")) == 1


async def test_seats_are_given_up_only_after_a_second_question(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    page = await hold(windows, buyer, await seller.open_event())

    await page.get_by_role("button", name="Give the seats up").click()
    await page.get_by_role("button", name="Keep them").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    await page.get_by_role("button", name="Give the seats up").click()
    await page.get_by_role("button", name="Give them up").click()

    await expect(page.get_by_text("You have given these seats up")).to_be_visible()


async def test_a_booking_that_waits_says_so_and_goes_on_by_itself(
    windows: Windows, seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(buyer)
    with system.paused("seat-reservation"):
        booking = await buyer.book(event_id, "1-1")
        await page.goto(f"/bookings/{booking['id']}")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Finding your seats")
        await page.reload()
        await expect(page.get_by_text("waits for its turn")).to_be_visible()

    await expect(page.get_by_role("heading", level=1)).to_have_text(HELD)
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"^\d?\d:\d\d$"))


def seconds_of(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize(
    ("wrong_by_seconds", "is_slow"),
    [(0, True), (3_600, True), (-86_400, False)],
    ids=["right and slow", "fast and slow", "a day behind"],
)
async def test_time_left_is_right_with_a_wrong_clock_and_a_slow_connection(
    windows: Windows, seller: Seller, buyer: Buyer, wrong_by_seconds: int, *, is_slow: bool
) -> None:
    event_id = await seller.open_event(hold_seconds=600)
    held = await buyer.hold(event_id, "1-1")
    ends_at = datetime.fromisoformat(held["expires_at"])
    page = await windows.open(buyer)
    await set_clock_wrong(page, wrong_by_seconds)

    async def be_slow(route: Route) -> None:
        answer = await route.fetch()
        await asyncio.sleep(SLOW_SECONDS)
        await route.fulfill(response=answer)

    if is_slow:
        await page.route(f"**/api/event/{event_id}", be_slow)
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_role("timer")).to_be_visible()
    before = (ends_at - datetime.now(UTC)).total_seconds()
    shown = seconds_of(await page.get_by_role("timer").inner_text())
    after = (ends_at - datetime.now(UTC)).total_seconds()
    # The service tells its time in whole seconds.
    assert after - 3 <= shown <= before + 3
