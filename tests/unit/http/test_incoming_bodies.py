"""Bodies on their way: who sends slowly or much is bounded, and takes nothing from others."""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest

from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.driving_adapter.http_controller import (
    admission,
    json_body,
)
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.incoming_bodies import IncomingBodies
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
)
from tests.support.half_sent import HalfSent, half_sent
from tests.support.http_api import SECRET, HttpApi, booking_form, event_form
from tests.support.problems import problem

OPEN = RateLimitRules()
BOOKING, EVENT = "/api/booking", "/api/event"
PIECE = b" " * 100_000
# Of a body; what a test waits for at most.
SHORT_SECONDS, LONG_SECONDS = 0.05, 60.0


def limited(api: HttpApi, rules: RateLimitRules | None) -> IncomingBodies:
    """Put the application together anew under these rules."""
    limits = RateLimits(rules, time.monotonic, secret=SECRET)
    services = replace(api.services, rate_limits=limits, metrics=type(api.services.metrics)())
    api.app = create_app(services)
    bodies: IncomingBodies = api.app.state.bodies
    return bodies


@pytest.fixture
def token(buyer: httpx.AsyncClient, event: int) -> str:
    return buyer.headers["authorization"]


@pytest.fixture
def seller_token(seller: httpx.AsyncClient) -> str:
    return seller.headers["authorization"]


@pytest.fixture
def door_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission.Admission.__init__, "__defaults__", (lambda: False, 1))


async def refused(request: HalfSent, status: int, code: str) -> dict[str, str]:
    answered, document, headers = await request.answer()
    assert (answered, document["code"]) == (status, code)
    return headers


async def look_at_events_while_a_body_is_awaited(api: HttpApi, token: str) -> int:
    async with api.client() as client, half_sent(api.app, BOOKING, token) as request:
        await request.is_waited_for()
        status = (await client.get("/api/event")).status_code
        await request.give(json.dumps(booking_form()).encode(), more=False)
        assert (await request.answer())[0] == 202
        return status


@pytest.mark.usefixtures("door_of_one")
async def test_who_waits_for_its_body_takes_no_place(api: HttpApi, token: str) -> None:
    limited(api, OPEN)

    assert await look_at_events_while_a_body_is_awaited(api, token) == 200


@pytest.mark.usefixtures("door_of_one")
async def test_without_leaving_its_place_it_would_keep_others_out(
    api: HttpApi, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(api, OPEN)
    monkeypatch.setattr(admission.Admission, "leave", lambda _: None)
    monkeypatch.setattr(admission.Admission, "come_back", lambda _: None)

    assert await look_at_events_while_a_body_is_awaited(api, token) == 503


@pytest.mark.usefixtures("door_of_one")
async def test_a_body_that_comes_when_the_service_is_full_is_refused(
    api: HttpApi, token: str
) -> None:
    limited(api, OPEN)
    async with (
        half_sent(api.app, BOOKING, token) as first,
        half_sent(api.app, BOOKING, token) as second,
    ):
        await first.is_waited_for()
        await second.is_waited_for()
        for request in (first, second):
            await request.give(json.dumps(booking_form()).encode(), more=False)
        statuses = sorted([(await first.answer())[0], (await second.answer())[0]])

    assert statuses == [202, 503]


async def test_a_client_has_so_many_bodies_on_their_way(api: HttpApi, token: str) -> None:
    limited(api, replace(OPEN, bodies_per_client_max=2))
    async with AsyncExitStack() as stack:
        for _ in range(2):
            one = await stack.enter_async_context(half_sent(api.app, BOOKING, token))
            await one.give(b" ")
        async with half_sent(api.app, BOOKING, token) as third:
            third.pieces.put_nowait({"type": "http.request", "body": b" ", "more_body": True})
            headers = await refused(third, 429, "RATE_LIMITED")
        assert headers["retry-after"] == "1"
        assert headers["connection"] == "close"
        elsewhere = half_sent(api.app, BOOKING, token, host="192.0.2.2")
        await (await stack.enter_async_context(elsewhere)).give(b" ")
    async with half_sent(api.app, BOOKING, token) as after:
        await after.give(b" ")


def test_without_rate_limits_a_client_has_as_many_as_it_likes() -> None:
    bodies = IncomingBodies(RateLimits(None, time.monotonic, secret=SECRET))

    assert bodies._count_max == bodies._client_bytes_max == sys.maxsize


async def test_a_client_has_so_much_on_its_way(api: HttpApi, seller_token: str) -> None:
    bodies = limited(api, replace(OPEN, body_bytes_per_client_max=3 * len(PIECE)))
    async with (
        half_sent(api.app, EVENT, seller_token) as first,
        half_sent(api.app, EVENT, seller_token) as second,
        half_sent(api.app, EVENT, seller_token, host="192.0.2.2") as elsewhere,
    ):
        for request in (first, second, elsewhere, first):
            await request.give(PIECE)
        second.pieces.put_nowait({"type": "http.request", "body": PIECE, "more_body": True})
        headers = await refused(second, 429, "RATE_LIMITED")
        await elsewhere.give(PIECE)
        assert bodies.buffered_bytes == 4 * len(PIECE)

    assert headers["connection"] == "close"
    assert bodies.buffered_bytes == 0


@pytest.fixture
def room_for_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IncomingBodies.__init__, "__defaults__", (2 * len(PIECE),))


@pytest.mark.usefixtures("room_for_two_pieces")
async def test_a_process_keeps_so_much_of_all_and_small_bodies_find_room_all_the_same(
    api: HttpApi, token: str, seller_token: str
) -> None:
    bodies = limited(api, OPEN)
    async with (
        half_sent(api.app, EVENT, seller_token) as first,
        half_sent(api.app, EVENT, seller_token, host="192.0.2.2") as second,
        half_sent(api.app, BOOKING, token, host="192.0.2.3") as small,
    ):
        await first.give(PIECE)
        await first.give(PIECE)
        second.pieces.put_nowait({"type": "http.request", "body": PIECE, "more_body": True})
        headers = await refused(second, 503, "UNAVAILABLE")
        await small.give(json.dumps(booking_form()).encode(), more=False)
        assert (await small.answer())[0] == 202

    assert headers["connection"] == "close"
    assert headers["retry-after"] == "1"
    assert bodies.buffered_bytes == 0


async def test_of_a_body_that_is_too_large_nothing_is_kept(api: HttpApi, token: str) -> None:
    bodies = limited(api, OPEN)
    async with half_sent(api.app, BOOKING, token) as request:
        for _ in range(11):
            await request.give(PIECE)
        assert bodies.buffered_bytes == 0
        await request.give(b"", more=False)
        await refused(request, 413, "BODY_TOO_LARGE")


async def test_a_body_that_does_not_come_is_not_waited_for(
    api: HttpApi, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_body, "BODY_SECONDS", SHORT_SECONDS)
    async with half_sent(api.app, BOOKING, token) as request:
        headers = await refused(request, 408, "BODY_TIMEOUT")

    assert headers["connection"] == "close"


@pytest.fixture
def a_minute_for_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "BODY_SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(json_body, "BODY_BYTES_PER_SECOND_MIN", len(PIECE) / LONG_SECONDS)
    monkeypatch.setattr(json_body, "BODY_SECONDS_MAX", LONG_SECONDS)


@pytest.mark.usefixtures("a_minute_for_each_piece")
async def test_a_body_that_keeps_coming_has_its_time(api: HttpApi, token: str) -> None:
    async with half_sent(api.app, BOOKING, token) as request:
        request.pieces.put_nowait({"type": "http.request", "body": PIECE, "more_body": True})
        await asyncio.sleep(10 * SHORT_SECONDS)
        await request.give(json.dumps(booking_form()).encode(), more=False)
        assert (await request.answer())[0] == 202


@pytest.mark.usefixtures("a_minute_for_each_piece")
async def test_a_body_that_keeps_coming_has_no_end_of_time(
    api: HttpApi, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_body, "BODY_SECONDS_MAX", 4 * SHORT_SECONDS)
    async with half_sent(api.app, BOOKING, token) as request:
        request.pieces.put_nowait({"type": "http.request", "body": PIECE, "more_body": True})
        await refused(request, 408, "BODY_TIMEOUT")


async def test_a_body_of_any_length_is_not_listened_to_for_ever(
    api: HttpApi, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_body, "DRAIN_BYTES_MAX", 15 * len(PIECE))
    async with half_sent(api.app, BOOKING, token) as request:
        for _ in range(15):
            await request.give(PIECE)
        request.pieces.put_nowait({"type": "http.request", "body": PIECE, "more_body": True})
        headers = await refused(request, 413, "BODY_TOO_LARGE")

    assert headers["connection"] == "close"


async def test_a_seller_makes_and_changes_events_at_a_rate(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    limited(api, replace(OPEN, event_per_user=Limit(2, 0.01)))
    async with api.client(seller.headers["authorization"].split()[1]) as client:
        event = (await client.post("/api/event", json=event_form())).json()
        path = f"/api/event/{event['id']}"
        assert (await client.patch(path, json={"name": "Later"})).status_code == 200
        for refusal in (
            await client.patch(path, json={"name": "Never"}),
            await client.post("/api/event", content=b"never read"),
            await client.post(f"{path}/sections/A/subsection/1/block", json={"seats": ["1-1"]}),
            await client.post(f"{path}/sections/A/subsection/1/unblock", json={"seats": ["1-1"]}),
            await client.post(f"{path}/cancel"),
        ):
            problem(refusal, 429, "RATE_LIMITED")
            assert 1 <= int(refusal.headers["retry-after"]) <= 100


async def test_a_seller_makes_seats_at_a_rate(api: HttpApi, seller: httpx.AsyncClient) -> None:
    limited(api, replace(OPEN, seat_per_user=Limit(100, 1)))
    token = seller.headers["authorization"].split()[1]
    async with api.client(token) as client:
        forty = event_form()
        answers = [await client.post("/api/event", json=forty) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 20
    limited(api, None)
    async with api.client(token) as client:
        for _ in range(3):
            assert (await client.post("/api/event", json=forty)).status_code == 201
