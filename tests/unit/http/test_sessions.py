"""Who a request is from, and that this is judged before anything else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from onsale.platform.exceptions import UnavailableError
from tests.support.http_api import PASSWORD, SECRET, HttpApi, booking_form
from tests.support.problems import problem

BUYER = {"email": "buyer@example.test", "password": PASSWORD}
PROTECTED = [
    ("POST", "/api/user/logout"),
    ("GET", "/api/user/me"),
    ("POST", "/api/event"),
    ("PATCH", "/api/event/1"),
    ("GET", "/api/event?mine=true"),
    ("POST", "/api/booking"),
    ("GET", "/api/booking"),
    ("GET", "/api/booking/1"),
    ("GET", "/api/booking/1/sse"),
    ("POST", "/api/booking/1/pay"),
    ("POST", "/api/booking/1/cancel"),
]


def claims(**changes: object) -> dict[str, object]:
    """Those of a good token, with a fault."""
    return {"sub": "1", "role": "buyer", "jti": "t", "iat": 1, "exp": 9_999_999_999, **changes}


def forged(**changes: object) -> str:
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_without_a_session_nothing_else_is_judged(
    anyone: httpx.AsyncClient, method: str, path: str
) -> None:
    refused = await anyone.request(method, path, content=b"{", headers={"content-type": "x/y"})

    problem(refused, 401, "NOT_AUTHENTICATED")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("buyer", "POST", "/api/event"),
        ("buyer", "PATCH", "/api/event/abc"),
        ("buyer", "GET", "/api/event?mine=true&limit=0"),
        ("seller", "POST", "/api/booking"),
        ("seller", "POST", "/api/booking/abc/pay"),
        ("seller", "POST", "/api/booking/abc/cancel"),
        ("seller", "GET", "/api/booking/abc/sse"),
    ],
)
async def test_the_role_is_judged_before_the_body(
    request: pytest.FixtureRequest, api: HttpApi, who: str, method: str, path: str
) -> None:
    async with await api.log_in_as(who, who) as client:
        refused = await client.request(
            method, path, content=b"{", headers={"content-type": "text/plain"}
        )

    problem(refused, 403, "FORBIDDEN_ROLE")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer " + "x" * 10_000,
        "Bearer " + "é" * 10,
        "Basic YTpi",
        "Token abc",
        "bearer,abc",
        f"Bearer {forged(exp=1)}",
        f"Bearer {forged(role='admin')}",
        f"Bearer {forged(role=['buyer'])}",
        f"Bearer {forged(sub='one')}",
        f"Bearer {forged(sub='-1')}",
        f"Bearer {forged(jti=7)}",
        f"Bearer {forged(exp='tomorrow')}",
        f"Bearer {jwt.encode({'sub': '1'}, SECRET, algorithm='HS256')}",
        f"Bearer {jwt.encode(claims(), SECRET[::-1], algorithm='HS256')}",
        f"Bearer {jwt.encode(claims(), None, algorithm='none')}",
        f"Bearer {jwt.encode(claims(), SECRET * 2, algorithm='HS512')}",
    ],
)
async def test_a_header_that_is_no_good_token_is_refused_whatever_the_cookie(
    api: HttpApi, anyone: httpx.AsyncClient, header: str
) -> None:
    await api.log_in_as("buyer", "buyer")
    await anyone.post("/api/user/login", json=BUYER)
    assert (await anyone.get("/api/user/me")).status_code == 200, "the cookie alone is good"

    refused = await anyone.get(
        "/api/user/me", headers=[(b"authorization", header.encode("latin-1"))]
    )

    problem(refused, 401, "NOT_AUTHENTICATED")


async def test_a_log_in_answers_a_token_and_sets_a_cookie_that_scripts_cannot_read(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    await api.log_in_as("buyer", "buyer")

    session = await anyone.post("/api/user/login", json={**BUYER, "email": " BUYER@example.test"})

    assert session.json() == {
        "id": 1,
        "email": "buyer@example.test",
        "name": "buyer",
        "role": "buyer",
        "is_active": True,
        "access_token": session.json()["access_token"],
    }
    cookie = session.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert (await anyone.get("/api/user/me")).json()["id"] == 1
    async with api.client(session.json()["access_token"]) as bearer:
        assert (await bearer.get("/api/user/me")).json()["id"] == 1


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
        ("https://localhost", True),
        ("http://tickets.example.test", True),
        ("http://127.0.0.1.example.test", True),
        ("https://tickets.example.test", True),
    ],
)
async def test_beyond_this_machine_the_cookie_travels_encrypted_only(
    api: HttpApi,
    url: str,
    is_secure: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    await api.log_in_as("buyer", "buyer")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url=url) as client:
        session = await client.post("/api/user/login", json=BUYER)

    assert ("secure" in session.headers["set-cookie"].lower()) is is_secure


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://127.0.0.1"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "for=203.0.113.9;proto=https"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_behind_a_proxy_that_names_this_machine_the_cookie_travels_encrypted_only(
    api: HttpApi, anyone: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await api.log_in_as("buyer", "buyer")

    session = await anyone.post("/api/user/login", json=BUYER, headers=headers)

    assert "secure" in session.headers["set-cookie"].lower()


async def test_to_another_machine_the_cookie_travels_encrypted_only_whatever_host_it_names(
    api: HttpApi,
) -> None:
    await api.log_in_as("buyer", "buyer")
    transport = httpx.ASGITransport(api.app, client=("203.0.113.9", 1))

    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        session = await client.post("/api/user/login", json=BUYER)

    assert "secure" in session.headers["set-cookie"].lower()


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    # The browser's own word counts more than a comparison.
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
    {"Origin": "http://evil.example.test"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Origin": "http://127.0.0.1:8000.evil.example.test"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://[::1"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    # A proxy that ends TLS and asks with a host of its own.
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://tickets.example.test"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Host": "tickets.example.test", "Origin": "https://tickets.example.test"},
    {"Host": "tickets.example.test:443", "Origin": "https://tickets.example.test"},
]


@pytest.fixture
async def browser(api: HttpApi, anyone: httpx.AsyncClient, event: int) -> httpx.AsyncClient:
    """A buyer with the cookie alone."""
    await api.log_in_as("buyer", "buyer")
    assert (await anyone.post("/api/user/login", json=BUYER)).status_code == 200
    return anyone


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_pages_of_other_sites_change_nothing_with_the_cookie(
    api: HttpApi, browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    booking = (await browser.post("/api/booking", json=booking_form())).json()
    path = f"/api/booking/{booking['id']}"

    for call, body in (
        (f"{path}/cancel", None),
        (f"{path}/pay", {"card_number": "4242 4242 4242 4242"}),
        ("/api/booking", booking_form()),
        ("/api/user/logout", None),
    ):
        refused = await browser.post(call, json=body, headers=headers)
        problem(refused, 403, "FORBIDDEN_ORIGIN")
    form = {"content-type": "application/x-www-form-urlencoded", **headers}
    problem(await browser.post(f"{path}/cancel", headers=form), 403, "FORBIDDEN_ORIGIN")
    # Reading is left to the browser, which shows other sites no answer.
    assert (await browser.get(path, headers=headers)).json()["status"] == "processing"
    assert len(api.bookings.bookings) == 1


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_who_brings_the_token_in_a_header_may_come_from_anywhere(
    api: HttpApi, buyer: httpx.AsyncClient, event: int, headers: dict[str, str]
) -> None:
    booking = (await buyer.post("/api/booking", json=booking_form(), headers=headers)).json()

    cancelled = await buyer.post(f"/api/booking/{booking['id']}/cancel", headers=headers)

    assert cancelled.status_code == 200


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_own_pages_and_programs_use_the_cookie(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    token = f"onsale_session={browser.cookies['onsale_session']}"
    browser.cookies.clear()
    headers = {**headers, "Cookie": token}
    booking = await browser.post("/api/booking", json=booking_form(), headers=headers)

    cancelled = await browser.post(f"/api/booking/{booking.json()['id']}/cancel", headers=headers)

    assert cancelled.status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_form_of_another_site_logs_nobody_in(
    api: HttpApi, anyone: httpx.AsyncClient, media_type: str
) -> None:
    await api.log_in_as("buyer", "buyer")
    content = b'{"email":"buyer@example.test","password":"correct horse","a":"="}'

    refused = await anyone.post(
        "/api/user/login", content=content, headers={"content-type": media_type}
    )

    problem(refused, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert not anyone.cookies


async def test_a_log_out_ends_the_token_and_the_cookie(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    await api.log_in_as("buyer", "buyer")
    token = (await anyone.post("/api/user/login", json=BUYER)).json()["access_token"]

    ended = await anyone.post("/api/user/logout")

    assert (ended.status_code, ended.content) == (204, b"")
    assert "onsale_session" not in anyone.cookies
    await api.tokens._revoked._read_once()
    async with api.client(token) as client:
        problem(await client.get("/api/user/me"), 401, "NOT_AUTHENTICATED")


async def test_a_closed_account_has_no_session(api: HttpApi, buyer: httpx.AsyncClient) -> None:
    api.users.deactivate(1)

    await api.tokens._revoked._read_once()

    problem(await buyer.post("/api/booking", json=booking_form()), 401, "NOT_AUTHENTICATED")


async def test_a_stale_cookie_does_not_keep_anyone_from_looking(
    anyone: httpx.AsyncClient, event: int
) -> None:
    anyone.cookies.set("onsale_session", forged(exp=1))

    for path in ("/api/event", f"/api/event/{event}", "/livez"):
        assert (await anyone.get(path)).status_code == 200


async def test_pages_are_told_whose_session_it_is_also_when_it_is_nobodys(
    api: HttpApi, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    nobodys = await anyone.get("/api/user/session")
    somebodys = await buyer.get("/api/user/session")
    assert (nobodys.status_code, nobodys.json()) == (200, {"user": None})
    assert somebodys.json() == {"user": (await buyer.get("/api/user/me")).json()}
    assert somebodys.headers["cache-control"] == "no-store"

    anyone.cookies.set("onsale_session", forged(exp=1))
    assert (await anyone.get("/api/user/session")).json() == {"user": None}
    api.users.deactivate(1)
    assert (await buyer.get("/api/user/session")).json() == {"user": None}


async def test_when_it_cannot_be_known_whether_tokens_are_good_nobody_is_let_in(
    api: HttpApi, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.users.failure = UnavailableError("postgresql", "10.1.2.3 refused")
    clock: Callable[[], float] = lambda: float("inf")  # noqa: E731
    monkeypatch.setattr(api.tokens._revoked, "_monotonic", clock)

    refused = await buyer.get("/api/user/me")

    document = problem(refused, 503, "UNAVAILABLE")
    assert refused.headers["retry-after"] == "1"
    assert "10.1.2.3" not in refused.text
    assert document["dependency"] == "postgresql"
    problem(await buyer.get("/api/user/session"), 503, "UNAVAILABLE")


async def test_a_token_ends_with_its_time(api: HttpApi) -> None:
    async with await api.log_in_as("buyer", "buyer") as client:
        assert (await client.get("/api/user/me")).status_code == 200
        late = datetime.now(UTC) + timedelta(hours=2)
        api.tokens._now = lambda: late

        problem(await client.get("/api/user/me"), 401, "NOT_AUTHENTICATED")
