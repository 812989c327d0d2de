"""Those who use the service over HTTP, each with a session of their own.

Whatever they are answered is checked here once for all tests: never an internal error, every
refusal a problem document, and no password or card number in it.
"""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from json import dumps
from typing import Any, Self, cast

import httpx

from onsale.client import AsyncOnsaleClient, ClientOptions
from tests.support.onsale_up import CARD_NUMBER, PASSWORD
from tests.support.polling import wait_for
from tests.support.server_sent_events import EventStream

JsonObject = dict[str, Any]

SETTLE_SECONDS_MAX = 30.0
REQUEST_SECONDS_MAX = 30.0
CONNECTION_COUNT_MAX = 100
# What is not answered at the first attempt is for the test to know.
_ONE_ATTEMPT = ClientOptions(attempts_max=1, answer_seconds_max=REQUEST_SECONDS_MAX)
_SECRETS = (PASSWORD, CARD_NUMBER, CARD_NUMBER.replace(" ", ""))
_PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code"}


def connections(base_url: str) -> httpx.AsyncClient:
    """A client for any number of visitors."""
    limits = httpx.Limits(
        max_connections=CONNECTION_COUNT_MAX, max_keepalive_connections=CONNECTION_COUNT_MAX
    )
    return httpx.AsyncClient(base_url=base_url, timeout=REQUEST_SECONDS_MAX, limits=limits)


def new_email() -> str:
    """An address that no account has."""
    return f"{uuid.uuid4().hex}@acceptance.example"


def regular_hall(
    *, rows: int = 5, cols: int = 10, subsections: int = 1, price: int = 1_000
) -> JsonObject:
    """A hall of one section A, in the short form."""
    section = {"name": "A", "price": price, "subsections": subsections}
    return {"rows": rows, "cols": cols, "sections": [section]}


def check_problem(response: httpx.Response, status: int, code: str) -> JsonObject:
    """The response must be exactly this refusal; returns the document."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    problem: JsonObject = response.json()
    return problem


@dataclass(slots=True)
class Visitor:
    """Anyone. ``token`` is sent as a bearer token unless it is empty."""

    http: httpx.AsyncClient
    token: str = ""

    @property
    def client(self) -> AsyncOnsaleClient:
        """The same person with typed answers, for what is not about the answers themselves."""
        return AsyncOnsaleClient(
            str(self.http.base_url), token=self.token or None, options=_ONE_ATTEMPT, http=self.http
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request; its answer has passed the checks that hold for every answer."""
        sent_headers = {**self._authorization(), **(headers or {})}
        if json is not None:
            # Not by the client's own encoder, which refuses what a hostile one would send.
            content = dumps(json).encode()
            sent_headers["Content-Type"] = "application/json"
        response = await self.http.request(method, path, content=content, headers=sent_headers)
        shown = response.text[:2_000]
        assert response.status_code != httpx.codes.INTERNAL_SERVER_ERROR, shown
        assert not [secret for secret in _SECRETS if secret in response.text], shown
        if response.is_error:
            problem = response.json()
            assert response.headers["content-type"] == "application/problem+json", shown
            assert problem.keys() >= _PROBLEM_MEMBERS, shown
            assert problem["status"] == response.status_code, shown
        return response

    async def get(self, path: str) -> JsonObject:
        """What is there, which must be readable."""
        return await self.expect(200, "GET", path)

    async def expect(
        self,
        status: int,
        method: str,
        path: str,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """The body of an answer that must have this status."""
        response = await self.send(method, path, json=json, headers=headers)
        assert response.status_code == status, response.text
        body: JsonObject = response.json() if response.content else {}
        return body

    @asynccontextmanager
    async def follow(self, path: str) -> AsyncIterator[EventStream]:
        """Open a stream of server-sent events, which must be granted."""
        async with self.http.stream("GET", path, headers=self._authorization()) as response:
            assert response.status_code == httpx.codes.OK, await response.aread()
            assert response.headers["content-type"].startswith("text/event-stream")
            async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_bytes())) as chunks:
                yield EventStream(response, chunks)

    async def event(self, event_id: int) -> JsonObject:
        """An event with its counts."""
        return await self.get(f"/api/event/{event_id}")

    async def counts(self, event_id: int, subsection: int = 1) -> tuple[int, int, int]:
        """Available, reserved and sold seats of a subsection of section A."""
        for part in (await self.client.get_event(event_id)).sections:
            if part.subsection == subsection:
                return part.available, part.reserved, part.sold
        raise AssertionError(f"the event has no subsection {subsection}")

    async def seats(self, event_id: int, subsection: int = 1) -> dict[str, str]:
        """The map of a subsection of section A: position to status."""
        seats = (await self.client.get_seat_map(event_id, "A", subsection)).seats
        return {seat.position: seat.status for seat in seats}

    async def all_items(self, path: str, *, limit: int = 100) -> list[JsonObject]:
        """Every item of a list, page by page."""
        items: list[JsonObject] = []
        cursor, joint = "", "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{joint}limit={limit}&cursor={cursor}")
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = page["next_cursor"]

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(slots=True)
class Member(Visitor):
    """Somebody with an account and a session."""

    id: int = 0
    email: str = ""

    @classmethod
    async def _join(cls, http: httpx.AsyncClient, role: str) -> Self:
        member = cls(http, email=new_email())
        member.id = (await member.client.register(member.email, PASSWORD, "Somebody", role)).id
        await member.log_in()
        return member

    async def log_in(self) -> None:
        """Begin a new session."""
        self.token = ""
        self.token = (await self.client.log_in(self.email, PASSWORD)).access_token
        # Each member is known by the token alone, not by a cookie that all of them would share.
        self.http.cookies.clear()


@dataclass(slots=True)
class Buyer(Member):
    """Books, pays and cancels."""

    @classmethod
    async def join(cls, http: httpx.AsyncClient) -> Self:
        """A new account, logged in."""
        return await cls._join(http, "buyer")

    @staticmethod
    def order(
        event_id: int,
        *seats: str,
        quantity: int | None = None,
        section: str = "A",
        subsection: int = 1,
    ) -> JsonObject:
        """The body of a booking: of these seats, or of the best available ones."""
        return {
            "event_id": event_id,
            "section": section,
            "subsection": subsection,
            "seat_selection_mode": "manual" if seats else "best_available",
            "seat_positions": list(seats),
            "quantity": quantity if quantity is not None else max(1, len(seats)),
        }

    async def book(
        self, event_id: int, *seats: str, quantity: int | None = None, subsection: int = 1
    ) -> JsonObject:
        """A booking that must be accepted, as it is answered: still processing."""
        order = self.order(event_id, *seats, quantity=quantity, subsection=subsection)
        return await self.expect(202, "POST", "/api/booking", order)

    async def hold(
        self, event_id: int, *seats: str, quantity: int | None = None, subsection: int = 1
    ) -> JsonObject:
        """A booking that must get its seats, as it stands when it has them."""
        booking = await self.book(event_id, *seats, quantity=quantity, subsection=subsection)
        settled = await self.settled(booking["id"])
        assert settled["status"] == "pending_payment", settled
        return settled

    async def asks_until_refused(self, order: JsonObject, code: str) -> None:
        """Ask until the service knows how the seats stand; it refuses then before anything is
        queued, and whoever asks for them at once is refused likewise.
        """

        async def ask() -> JsonObject:
            body: JsonObject = (await self.send("POST", "/api/booking", json=order)).json()
            return body

        await wait_for(ask, lambda body: body.get("code") == code)

    async def booking(self, booking_id: str) -> JsonObject:
        """A booking with its tickets."""
        return await self.get(f"/api/booking/{booking_id}")

    async def settled(
        self, booking_id: str, *, seconds_max: float = SETTLE_SECONDS_MAX
    ) -> JsonObject:
        """A booking once it is no longer processing."""
        return await wait_for(
            lambda: self.booking(booking_id),
            lambda booking: bool(booking["status"] != "processing"),
            seconds_max=seconds_max,
        )

    async def pay(
        self, booking_id: str, card_number: str = CARD_NUMBER, *, key: str | None = None
    ) -> httpx.Response:
        """Try to pay."""
        body = {"card_number": card_number}
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.send("POST", f"/api/booking/{booking_id}/pay", json=body, headers=headers)

    async def cancel(self, booking_id: str) -> httpx.Response:
        """Try to cancel."""
        return await self.send("POST", f"/api/booking/{booking_id}/cancel")


@dataclass(slots=True)
class Seller(Member):
    """Makes events."""

    @classmethod
    async def join(cls, http: httpx.AsyncClient) -> Self:
        """A new account, logged in."""
        return await cls._join(http, "seller")

    @staticmethod
    def details(seating_config: JsonObject | None = None, **details: object) -> JsonObject:
        """The body of an event."""
        return {
            "name": "Concert",
            "description": "An evening.",
            "venue_name": "Hall",
            "seating_config": seating_config or regular_hall(),
            **details,
        }

    async def create_event(
        self, seating_config: JsonObject | None = None, **details: object
    ) -> JsonObject:
        """A new event as it is answered: still a draft."""
        body = self.details(seating_config, **details)
        return await self.expect(201, "POST", "/api/event", body)

    async def open_event(
        self,
        seating_config: JsonObject | None = None,
        *,
        seconds_max: float = SETTLE_SECONDS_MAX,
        **details: object,
    ) -> int:
        """The id of a new event that is on sale."""
        event = await self.create_event(seating_config, **details)
        await wait_for(
            lambda: self.event(event["id"]),
            lambda event: bool(event["status"] == "available"),
            seconds_max=seconds_max,
        )
        event_id: int = event["id"]
        return event_id


async def join_buyers(http: httpx.AsyncClient, count: int) -> Sequence[Buyer]:
    """So many new accounts, logged in."""
    return [await Buyer.join(http) for _ in range(count)]
