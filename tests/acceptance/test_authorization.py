"""Every route in every role: who may do what, and that a refusal changes nothing."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute

from onsale.web.site import STATIC_PATH
from tests.support.authorization import NOBODY_LISTENS, ROLES, RULES, Rule, page
from tests.support.http_api import HttpApi
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import (
    Buyer,
    JsonObject,
    Member,
    Seller,
    Visitor,
    connections,
    regular_hall,
)

PAGE = Path(__file__).parents[2] / "docs" / "authorization.md"
# What the contract promises for a token that was given up or whose account was closed.
REVOKED_SECONDS_MAX = 5.0
END_SECONDS_MAX = 15.0
# Where a path names none: each is a change, and sellers make those at a rate.
NO_WEBHOOK = (1, 1)


@dataclass(frozen=True, slots=True)
class Cast:
    """Those who call. Their sessions outlive the connections that they were made over."""

    event_id: int
    visitors: dict[str, Visitor]

    def over(self, http: httpx.AsyncClient) -> None:
        """Call over these connections from now on."""
        for visitor in self.visitors.values():
            visitor.http = http

    @property
    def buyer(self) -> Buyer:
        """Who has the booking of a path."""
        buyer = self.visitors["buyer"]
        assert isinstance(buyer, Buyer)
        return buyer

    async def state(self, booking_id: str) -> list[JsonObject]:
        """Everything that a call of a rule could change, as those see it who may."""
        views = [await self.buyer.booking(booking_id)]
        for role, visitor in self.visitors.items():
            if role in ROLES and isinstance(visitor, Member):
                views += [
                    await visitor.get("/api/user/me"),
                    *await visitor.all_items("/api/booking"),
                ]
            if role in ROLES and isinstance(visitor, Seller):
                views += await visitor.all_items("/api/event?mine=true")
                views += await visitor.all_items("/api/webhook")
        return views

    async def new_webhook(self) -> tuple[int, int]:
        """A webhook of the seller's and a delivery that it is owed; any other is gone."""
        seller = self.visitors["seller"]
        for webhook in await seller.all_items("/api/webhook"):
            await seller.expect(204, "DELETE", f"/api/webhook/{webhook['id']}")
        webhook = await seller.expect(201, "POST", "/api/webhook", {"url": NOBODY_LISTENS})
        ping = await seller.expect(202, "POST", f"/api/webhook/{webhook['id']}/test")
        return webhook["id"], ping["id"]

    async def ask(
        self, rule: Rule, role: str, booking: JsonObject, webhook: tuple[int, int]
    ) -> str:
        """What one of them is answered."""
        webhook_id, delivery_id = webhook
        visitor, (ticket,) = self.visitors[role], booking["tickets"]
        path = rule.path.format(
            event_id=self.event_id,
            booking_id=booking["id"],
            ticket_id=ticket["id"],
            webhook_id=webhook_id,
            delivery_id=delivery_id,
            section="A",
            subsection=1,
            version="any",
            asset="style.css" if rule.path.startswith(STATIC_PATH) else "start.js",
        )
        if rule.is_stream and rule.answer_to(role) == "200":
            async with visitor.follow(path):
                return "200"
        body = rule.body(self.event_id, ticket.get("code", ""))
        answer = await visitor.send(rule.method, path + rule.query, json=body)
        if rule.ends_session and answer.is_success:
            assert isinstance(visitor, Member)
            await visitor.log_in()
        code = f" {answer.json()['code']}" if answer.is_error else ""
        return f"{answer.status_code}{code}"


@pytest.fixture(scope="module")
def long_lived_cast(redis_system: OnsaleUp) -> Cast:
    return asyncio.run(_assemble(redis_system))


@pytest.fixture
def cast(long_lived_cast: Cast, http: httpx.AsyncClient) -> Cast:
    long_lived_cast.over(http)
    return long_lived_cast


async def _assemble(system: OnsaleUp) -> Cast:
    async with connections(system.base_url) as http:
        seller = await Seller.join(http)
        leaver, closed = await Buyer.join(http), await Buyer.join(http)
        visitors: dict[str, Visitor] = {
            "anonymous": Visitor(http),
            "buyer": await Buyer.join(http),
            "other buyer": await Buyer.join(http),
            "seller": seller,
            "other seller": await Seller.join(http),
            "logged out": leaver,
            "deactivated": closed,
        }
        # A seat for each rule, and some to spare.
        cast = Cast(await seller.open_event(regular_hall(rows=5, cols=20)), visitors)
        await leaver.expect(204, "POST", "/api/user/logout")
        await _deactivate(system, closed.id)
        for visitor in (leaver, closed):
            await _refused_at_last(visitor)
    return cast


async def _deactivate(system: OnsaleUp, user_id: int) -> None:
    connection = await asyncpg.connect(system.settings["ONSALE_DATABASE_URL"])
    try:
        await connection.execute('UPDATE "user" SET is_active = false WHERE id = $1', user_id)
    finally:
        await connection.close()


async def _refused_at_last(visitor: Visitor) -> None:
    await wait_for(
        lambda: visitor.send("GET", "/api/user/me"),
        lambda answer: answer.status_code == httpx.codes.UNAUTHORIZED,
        seconds_max=REVOKED_SECONDS_MAX,
    )


def routes_of_the_application() -> set[tuple[str, str]]:
    api = HttpApi()
    api.hasher.close()
    routes = api.app.routes
    # One of another kind could not be ruled, so it must not be there.
    assert all(isinstance(route, APIRoute) for route in routes)
    return {
        (method, route.path)
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    ruled = {(rule.method, rule.path) for rule in RULES}
    routes = routes_of_the_application()

    assert not routes - ruled, "routes without a rule in tests/support/authorization.py"
    assert not ruled - routes, "rules without a route"
    assert len({str(rule) for rule in RULES}) == len(RULES), "a rule stands twice"


def test_the_page_shows_the_rules() -> None:
    assert PAGE.read_text() == page(), "`make authorization` writes it anew"


@pytest.mark.parametrize("rule", RULES, ids=str)
async def test_each_role_is_answered_as_its_rule_says_and_refusals_change_nothing(
    cast: Cast, rule: Rule
) -> None:
    if rule.ends_event:
        seller = cast.visitors["seller"]
        assert isinstance(seller, Seller)
        cast = replace(cast, event_id=await seller.open_event())
    booking = await cast.buyer.hold(cast.event_id)
    if rule.needs_ticket:
        assert (await cast.buyer.pay(booking["id"])).status_code == 200
        booking = await cast.buyer.booking(booking["id"])
    webhook = await cast.new_webhook() if "webhook" in rule.path else NO_WEBHOOK
    granted = [role for role in cast.visitors if rule.answer_to(role).startswith("2")]
    refused = [role for role in cast.visitors if role not in granted]

    before = await cast.state(booking["id"])
    answers = {role: await cast.ask(rule, role, booking, webhook) for role in refused}
    assert await cast.state(booking["id"]) == before, "a call that was refused changed something"
    answers |= {role: await cast.ask(rule, role, booking, webhook) for role in granted}

    assert answers == {role: rule.answer_to(role) for role in refused + granted}
    if rule.ends_event:
        # What it sets going is over before the next test looks whether anything has changed.
        await wait_for(
            lambda: cast.buyer.booking(booking["id"]),
            lambda seen: bool(seen["status"] == "cancelled"),
            seconds_max=END_SECONDS_MAX,
        )


async def test_lists_show_ones_own_bookings_alone(
    buyer: Buyer, seller: Seller, event_id: int, http: httpx.AsyncClient
) -> None:
    held = await buyer.hold(event_id)
    stranger, rival = await Buyer.join(http), await Seller.join(http)
    for other in (stranger, rival):
        assert await other.all_items("/api/booking") == []
        assert await other.all_items(f"/api/booking?event_id={event_id}") == []
    for owner in (buyer, seller):
        assert [item["id"] for item in await owner.all_items("/api/booking")] == [held["id"]]
    assert await rival.all_items("/api/event?mine=true") == []
    assert [event["id"] for event in await seller.all_items("/api/event?mine=true")] == [event_id]
