"""What people see when nothing is there, nothing can be had, or something fails."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.async_api import expect

from tests.support.browser import Windows, screenshot
from tests.support.visitors import Buyer, Seller, regular_hall

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARKUP = "<img src=x onerror=alert(1)>\"'&amp;"


async def test_names_are_shown_as_they_were_typed(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(name=MARKUP, venue_name=MARKUP, description=MARKUP)
    held = await buyer.hold(event_id, "1-1")
    page = await windows.open(buyer)
    for address in ("/", f"/events/{event_id}", f"/events/{event_id}/A/1", "/bookings"):
        await page.goto(address)
        await expect(page.get_by_text(MARKUP).first).to_be_visible()
    await page.goto(f"/bookings/{held['id']}")
    await expect(page.get_by_text(MARKUP).first).to_be_visible()
    assert await page.locator("img[src=x]").count() == 0


async def test_a_list_without_events_says_so(windows: Windows) -> None:
    page = await windows.open()
    await page.route(
        "**/api/event?*", lambda route: route.fulfill(json={"items": [], "next_cursor": None})
    )
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Nothing is on sale yet")).to_be_visible()


async def test_a_list_goes_on_where_it_ended(windows: Windows, seller: Seller) -> None:
    for number in range(26):
        await seller.create_event(regular_hall(rows=1, cols=1), name=f"Night {number}")
    page = await windows.open()
    await page.goto("/")
    await expect(page.locator(".card")).to_have_count(24)
    await page.get_by_role("button", name="Show more events").click()
    await expect(page.locator(".card").nth(25)).to_be_visible()


async def test_what_can_be_bought_comes_first_and_the_rest_is_marked(
    windows: Windows, seller: Seller
) -> None:
    one_seat = regular_hall(rows=1, cols=1)
    stages = {"On sale": "Ongoing", "Has begun": "Begun", "Cancelled": "Called off"}
    names = {label: f"{name} {seller.id}" for label, name in stages.items()}
    await seller.open_event(one_seat, name=names["On sale"])
    over = "2020-01-01T20:00:00Z"
    await seller.open_event(one_seat, name=names["Has begun"], starts_at=over)
    cancelled = await seller.open_event(one_seat, name=names["Cancelled"])
    await seller.expect(202, "POST", f"/api/event/{cancelled}/cancel")
    page = await windows.open()
    await page.goto("/")
    cards = page.locator(".card")
    last = cards.filter(has_text=names["Cancelled"])
    more = page.get_by_role("button", name="Show more events")
    while True:
        await expect(last.or_(more).first).to_be_visible()
        if await last.count():
            break
        shown = await cards.count()
        await more.click()
        await expect(cards).not_to_have_count(shown)
    texts = await cards.all_inner_texts()
    places = []
    for label, name in names.items():
        ((place, text),) = [(at, one) for at, one in enumerate(texts) if name in one]
        assert label in text
        places.append(place)
    assert places == sorted(places)


async def test_older_bookings_are_shown_when_they_are_asked_for(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event()
    order = buyer.order(event_id, quantity=1)
    for _ in range(21):
        await buyer.expect(202, "POST", "/api/booking", order)
    page = await windows.open(buyer)
    entries = page.get_by_role("main").get_by_role("link", name="Concert")
    await page.goto("/bookings")
    await expect(entries).to_have_count(20)
    await page.route(
        "**/api/booking?*cursor=*",
        # One that is not asked again by itself.
        lambda route: route.fulfill(status=404, json={"code": "NOT_FOUND"}),
        times=1,
    )
    older = page.get_by_role("button", name="Show older bookings")
    await older.click()
    await expect(older).to_be_enabled()
    await expect(entries).to_have_count(20)

    await older.click()

    await expect(entries).to_have_count(21)
    await expect(older).to_have_count(0)


async def test_a_service_that_cannot_be_reached_can_be_asked_again(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open()
    await page.goto("/sign-in")
    await page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("heading", name="could not be loaded")).to_be_visible()
    await expect(
        page.get_by_text("cannot be reached, ").or_(page.get_by_text("offline"))
    ).to_be_visible()
    await screenshot(page, "unreachable")

    await page.unroute_all()
    await page.get_by_role("button", name="Try again").click()

    await expect(page.get_by_role("heading", name="Concert")).to_be_visible()


async def test_a_busy_service_is_asked_again_without_a_word(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open()
    await page.route(
        f"**/api/event/{event_id}",
        lambda route: route.fulfill(
            status=503, headers={"Retry-After": "1"}, json={"code": "UNAVAILABLE"}
        ),
        times=2,
    )
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("heading", name="Concert")).to_be_visible()


async def test_what_does_not_exist_or_is_somebody_elses_is_not_there(
    windows: Windows, seller: Seller, buyer: Buyer, http: httpx.AsyncClient
) -> None:
    event_id = await seller.open_event()
    other = await Buyer.join(http)
    foreign = await other.hold(event_id, "1-1")
    page = await windows.open(buyer)
    for address in (
        "/events/999999",
        f"/events/{event_id}/A/9",
        f"/events/{event_id}/Z/1",
        f"/bookings/{foreign['id']}",
        "/bookings/0197b0a4-0000-7000-8000-000000000001",
    ):
        await page.goto(address)
        heading = page.get_by_role("heading", name="Nothing here", exact=True)
        await expect(heading).to_be_visible()
        await expect(page).to_have_title("Nothing here - onsale")


async def test_a_sale_that_has_not_begun_counts_down_and_opens_by_itself(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    opens_at = datetime.now(UTC) + timedelta(minutes=30)
    event = await seller.create_event(on_sale_at=opens_at.isoformat())
    page = await windows.open(buyer)
    await page.goto(f"/events/{event['id']}")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(29:\d\d|30:00)$"))
    await screenshot(page, "countdown")
    seats = await page.context.new_page()
    await seats.goto(f"/events/{event['id']}/A/1")
    await expect(seats.get_by_text("The sale begins in")).to_be_visible()
    await seats.get_by_role("gridcell", name="Row 1, seat 1,").click()
    await expect(seats.get_by_role("button", name="Hold 1 seat")).to_be_disabled()
    for window in (page, seats):
        await expect(window.locator(".live")).to_have_attribute("data-state", "on")

    # Of what is still to come nobody is told again when it comes.
    opens_at = datetime.now(UTC) + timedelta(seconds=4)
    change = {"on_sale_at": opens_at.isoformat()}
    await seller.expect(200, "PATCH", f"/api/event/{event['id']}", change)
    await expect(page.get_by_role("timer")).to_be_hidden()
    await expect(page.locator(".pill").first).to_have_text("On sale")
    await seats.get_by_role("button", name="Hold 1 seat").click()
    await expect(seats.get_by_role("heading", level=1)).to_have_text("Pay and they are yours")


async def test_a_hidden_event_says_so(windows: Windows, seller: Seller, buyer: Buyer) -> None:
    event_id = await seller.open_event()
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"is_active": False})
    page = await windows.open(buyer)
    await page.goto(f"/events/{event_id}")
    await expect(page.get_by_role("heading", name="Not on sale")).to_be_visible()


async def test_sellers_are_told_that_bookings_are_for_buyers(
    windows: Windows, seller: Seller
) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto("/bookings")
    await expect(page.get_by_role("heading", name="This page is for buyers")).to_be_visible()
    await page.goto(f"/events/{event_id}/A/1")
    await page.get_by_role("gridcell", name="Row 1, seat 1,").click()
    await expect(page.get_by_role("button", name="Hold 1 seat")).to_be_disabled()


async def test_being_nobody_is_no_error(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event()
    page = await windows.open()
    errors: list[str] = []
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    for address in ("/", f"/events/{event_id}", f"/events/{event_id}/A/1", "/sign-in"):
        await page.goto(address)
        await expect(page.get_by_role("navigation")).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert not errors


async def test_wrong_sign_ins_are_explained(windows: Windows, buyer: Buyer) -> None:
    page = await windows.open()
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("E-mail address")).to_be_focused()
    await expect(page.get_by_label("E-mail address")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("E-mail address").fill(buyer.email)
    await page.get_by_label("Password").fill("wrong password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("E-mail address or password is wrong.")

    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Your name").fill("Bea")
    await page.get_by_label("E-mail address").fill(buyer.email)
    await page.get_by_label("Password").fill("long enough")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_text("There is an account with this address.")).to_be_visible()


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "/%09/evil.example/",
        "/%0a/evil.example/",
        "javascript:alert(1)",
    ],
)
async def test_signing_in_leads_to_no_other_host(
    windows: Windows, buyer: Buyer, address: str
) -> None:
    page = await windows.open(buyer)
    await page.goto(f"/sign-in?next={address}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("What is on")


async def test_whoever_looks_on_sees_that_a_sale_opens_earlier_is_hidden_and_shown_again(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event = await seller.create_event(on_sale_at="2031-01-01T00:00:00Z")
    address = f"/api/event/{event['id']}"
    hall, seats = await windows.open(buyer), await windows.open(buyer)
    sale = await windows.open(seller)
    await hall.goto(f"/events/{event['id']}")
    await seats.goto(f"/events/{event['id']}/A/1")
    await sale.goto(f"/sell/events/{event['id']}")
    await seats.get_by_role("gridcell", name="Row 1, seat 1,").click()
    hold = seats.get_by_role("button", name="Hold 1 seat")
    for window in (hall, seats, sale):
        await expect(window.locator(".live")).to_have_attribute("data-state", "on")
    await expect(hall.get_by_role("timer")).to_be_visible()

    await seller.expect(200, "PATCH", address, {"on_sale_at": "2030-01-01T00:00:00Z"})
    await expect(hall.get_by_text("1 January 2030")).to_be_visible()
    await seller.expect(200, "PATCH", address, {"on_sale_at": None})
    await expect(hall.locator(".pill").first).to_have_text("On sale")
    await expect(hold).to_be_enabled()

    await seller.expect(200, "PATCH", address, {"is_active": False})
    await expect(hall.get_by_role("heading", name="Not on sale")).to_be_visible()
    await expect(hold).to_be_disabled()
    await sale.get_by_role("button", name="Publish it").click()
    await expect(hall.locator(".pill").first).to_have_text("On sale")
    await expect(hold).to_be_enabled()


async def test_whoever_looks_on_sees_that_an_event_is_moved(
    windows: Windows, seller: Seller, buyer: Buyer
) -> None:
    event_id = await seller.open_event(venue_name="Town Hall", starts_at="2031-05-01T12:00:00Z")
    paid = await buyer.hold(event_id, "1-1")
    await buyer.pay(paid["id"])
    hall, seats, ticket = [await windows.open(buyer) for _ in range(3)]
    await hall.goto(f"/events/{event_id}")
    await seats.goto(f"/events/{event_id}/A/1")
    async with ticket.expect_response("**/api/event/*/sse"):
        await ticket.goto(f"/bookings/{paid['id']}")
    for window in (hall, seats):
        await expect(window.locator(".live")).to_have_attribute("data-state", "on")

    moved = {"name": "Gala", "venue_name": "Castle Court", "starts_at": "2031-06-02T12:00:00Z"}
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", moved)

    for place in (hall.locator("header"), seats.locator("header"), ticket.locator(".ticket")):
        for words in ("Castle Court", "2 June 2031", "Gala"):
            await expect(place.get_by_text(words).first).to_be_visible()

    # Nor is it missed by whoever looked elsewhere meanwhile.
    await ticket.evaluate("() => window.dispatchEvent(new Event('offline'))")
    await seller.expect(200, "PATCH", f"/api/event/{event_id}", {"venue_name": "Garden"})
    async with ticket.expect_response("**/api/event/*/sse"):
        await ticket.evaluate("() => window.dispatchEvent(new Event('online'))")
    await expect(ticket.locator(".ticket").get_by_text("Garden")).to_be_visible()
