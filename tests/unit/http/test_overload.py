"""Too much at once: who is refused, how, and how soon."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import replace

import httpx
import pytest
from starlette.requests import Request

from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.driving_adapter.http_controller import admission
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.deadline import Deadlines
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
    client_of,
)
from tests.support.asgi_stream import open_stream
from tests.support.http_api import PASSWORD, SECRET, HttpApi, booking_form
from tests.support.problems import problem
from tests.support.tasks import background


def raise_error(error: Exception) -> None:
    raise error


ONE = Limit(1, 0.01)
OPEN = RateLimitRules()


def limited(api: HttpApi, rules: RateLimitRules | None, **changes: object) -> None:
    """Put the application together anew under these rules."""
    limits = RateLimits(rules, time.monotonic, secret=SECRET)
    api.services = replace(api.services, rate_limits=limits, **changes)  # type: ignore[arg-type]
    api.app = create_app(replace(api.services, metrics=type(api.services.metrics)()))


def account(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.test", "password": PASSWORD, "name": name, "role": "buyer"}


async def test_accounts_are_opened_at_a_rate(api: HttpApi) -> None:
    limited(api, replace(OPEN, registration_per_client=ONE))
    async with api.client() as client:
        assert (await client.post("/api/user", json=account("ada"))).status_code == 201
        refused = await client.post("/api/user", content=b"never read")

    told = problem(refused, 429, "RATE_LIMITED")
    assert told["detail"] == "Too many new accounts from this address; wait a while."
    assert 1 <= int(refused.headers["retry-after"]) <= 100


async def test_log_ins_come_at_a_rate_whoever_they_are_for(api: HttpApi) -> None:
    limited(api, replace(OPEN, log_in_per_client=ONE))
    async with api.client() as client:
        nobody = {"email": "nobody@example.test", "password": PASSWORD}
        first = await client.post("/api/user/login", json=nobody)
        second = await client.post("/api/user/login", content=b"never read")

    problem(first, 401, "INVALID_CREDENTIALS")
    problem(second, 429, "RATE_LIMITED")


async def test_guesses_at_once_count_as_many(api: HttpApi) -> None:
    limited(api, replace(OPEN, failed_log_in=Limit(5, 0.001)))
    async with api.client() as client:
        await client.post("/api/user", json=account("ada"))
        guess = {"email": "ada@example.test", "password": "a bad guess"}
        answers = await asyncio.gather(
            *(client.post("/api/user/login", json=guess) for _ in range(20))
        )

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_the_right_password_forgives_mistakes(api: HttpApi) -> None:
    limited(api, replace(OPEN, failed_log_in=Limit(2, 0.001)))
    right = {"email": "ada@example.test", "password": PASSWORD}
    async with api.client() as client:
        await client.post("/api/user", json=account("ada"))
        for _ in range(3):
            wrong = await client.post("/api/user/login", json={**right, "password": "mistaken"})
            assert wrong.status_code == 401
            assert (await client.post("/api/user/login", json=right)).status_code == 200


async def test_bookings_come_at_a_rate_for_each_user_and_each_client(
    api: HttpApi, buyer: httpx.AsyncClient, other_buyer: httpx.AsyncClient, event: int
) -> None:
    async def statuses(rules: RateLimitRules | None) -> list[int]:
        limited(api, rules)
        answers = []
        for client in (buyer, buyer, other_buyer):
            async with api.client(client.headers["authorization"].split()[1]) as again:
                form = booking_form(event_id=event, quantity=1)
                answers.append((await again.post("/api/booking", json=form)).status_code)
        return answers

    assert await statuses(replace(OPEN, booking_per_user=ONE)) == [202, 429, 202]
    assert await statuses(replace(OPEN, booking_per_client=ONE)) == [202, 429, 429]
    assert await statuses(None) == [202, 202, 202]


async def test_attempts_to_pay_come_at_a_rate(api: HttpApi, buyer: httpx.AsyncClient) -> None:
    limited(api, replace(OPEN, payment_per_user=ONE))
    path = "/api/booking/01890000-0000-7000-8000-000000000000/pay"
    async with api.client(buyer.headers["authorization"].split()[1]) as client:
        first = await client.post(path, json={"card_number": "4242 4242 4242 4242"})
        second = await client.post(path, json={"card_number": "4242 4242 4242 4242"})

    problem(first, 404, "BOOKING_NOT_FOUND")
    problem(second, 429, "RATE_LIMITED")


async def test_a_client_may_watch_so_many_events(api: HttpApi, event: int) -> None:
    limited(api, replace(OPEN, streams_per_client_max=1))
    path = f"/api/event/{event}/sse"
    async with background(api.live_events.run(raise_error)), api.client() as client:
        async with open_stream(api.app, path) as stream:
            await stream.started()
            problem(await client.get(path), 429, "RATE_LIMITED")
        assert not api.services.rate_limits._streams


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unix"),
        ("x" * 1_000, "x" * 64),
    ],
)
def test_a_client_is_an_address_or_a_site(host: str, client: str) -> None:
    assert client_of(Request({"type": "http", "client": (host, 1)})) == client


@pytest.fixture
def door_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission.Admission.__init__, "__defaults__", (lambda: False, 1))


@pytest.mark.usefixtures("door_of_one")
async def test_beyond_the_bound_requests_are_refused_at_once_and_probes_are_not(
    api: HttpApi,
) -> None:
    limited(api, OPEN)
    may_go_on = asyncio.Event()
    by_ids = api.events.by_ids

    async def slowly(event_ids: Collection[int]) -> object:
        await may_go_on.wait()
        return await by_ids(event_ids)

    api.events.by_ids = slowly  # type: ignore[assignment, method-assign]
    async with api.client() as client:
        waiting = asyncio.create_task(client.get("/api/event/1"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        refused = await client.get("/api/event")
        assert (await client.get("/livez")).status_code == 200
        may_go_on.set()
        problem(await waiting, 404, "EVENT_NOT_FOUND")
        assert (await client.get("/api/event")).status_code == 200

    problem(refused, 503, "UNAVAILABLE")
    assert refused.headers["retry-after"] == "1"


async def test_reads_leave_places_to_those_who_buy(
    api: HttpApi, buyer: httpx.AsyncClient, event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission.Admission.__init__, "__defaults__", (lambda: False, 4))
    limited(api, OPEN)
    may_go_on, page = asyncio.Event(), api.events.page

    async def slowly(*arguments: object, **named: object) -> object:
        await may_go_on.wait()
        return await page(*arguments, **named)  # type: ignore[arg-type]

    api.events.page = slowly  # type: ignore[assignment, method-assign]
    async with api.client(buyer.headers["authorization"].split()[1]) as client:
        reads = [asyncio.create_task(client.get("/api/event")) for _ in range(4)]
        refused, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
        booked = await client.post("/api/booking", json=booking_form(event_id=event))
        may_go_on.set()
        answers = await asyncio.gather(*reads)
        assert (await client.get("/api/event")).status_code == 200

    problem(refused.pop().result(), 503, "UNAVAILABLE")
    assert booked.status_code == 202
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503]


async def test_while_the_process_cannot_keep_up_all_are_refused_but_probes(api: HttpApi) -> None:
    limited(api, OPEN, is_overrun=lambda: True)
    async with api.client() as client:
        problem(await client.get("/api/event"), 503, "UNAVAILABLE")
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200


async def test_what_takes_too_long_is_given_up(api: HttpApi) -> None:
    limited(api, OPEN, deadlines=Deadlines(0.05))

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    api.events.page = never  # type: ignore[assignment, method-assign]
    async with api.client() as client:
        problem(await client.get("/api/event"), 503, "UNAVAILABLE")


async def test_once_the_database_stands_still_who_waits_for_it_is_told_at_once(
    api: HttpApi,
) -> None:
    deadlines, entered = Deadlines(60), asyncio.Event()
    limited(api, OPEN, deadlines=deadlines)

    async def never(*_: object, **__: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    api.events.page = never  # type: ignore[assignment, method-assign]
    async with api.client() as client:
        waiting = asyncio.create_task(client.get("/api/event"))
        await entered.wait()
        deadlines.cut()
        problem(await waiting, 503, "UNAVAILABLE")
        assert (await client.get("/livez")).status_code == 200


async def test_a_client_that_sends_slowly_has_its_time_and_the_answer_its_own(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    limited(api, OPEN, deadlines=Deadlines(0.4))

    async def slowly() -> object:
        body = httpx.Request("POST", "http://x", json=booking_form(event_id=event)).content
        for start in range(0, len(body), len(body) // 4 + 1):
            await asyncio.sleep(0.15)
            yield body[start : start + len(body) // 4 + 1]

    async with api.client(buyer.headers["authorization"].split()[1]) as client:
        answer = await client.post(
            "/api/booking",
            content=slowly(),  # type: ignore[arg-type]
            headers={"content-type": "application/json"},
        )
    assert answer.status_code == 202, answer.text


async def test_a_server_that_stops_asks_its_clients_to_come_back_elsewhere(api: HttpApi) -> None:
    async with api.client() as client:
        before = await client.get("/api/event")
        api.shutdown.set()
        after = await client.get("/api/event")

    assert "connection" not in before.headers
    assert (after.status_code, after.headers["connection"]) == (200, "close")
