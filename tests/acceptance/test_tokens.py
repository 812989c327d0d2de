"""Accounts, tokens and log-ins: nobody becomes somebody else, or more than they are."""

import json
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from tests.support.onsale_up import PASSWORD, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, Visitor, check_problem, new_email

REVOKED_SECONDS_MAX = 5.0


@pytest.mark.parametrize("role", ["admin", "superuser", "Seller", "", None, 1, ["buyer"]])
async def test_nobody_registers_as_anything_but_buyer_or_seller(
    visitor: Visitor, role: object
) -> None:
    account = {"email": new_email(), "password": PASSWORD, "name": "Somebody", "role": role}
    refused = await visitor.send("POST", "/api/user", json=account)
    check_problem(refused, 422, "VALIDATION_ERROR")
    log_in = await visitor.send("POST", "/api/user/login", json=account)
    check_problem(log_in, 401, "INVALID_CREDENTIALS")


async def test_powers_cannot_be_smuggled_into_an_account(
    visitor: Visitor, seller: Seller, event_id: int
) -> None:
    account = {"email": new_email(), "password": PASSWORD, "name": "Somebody", "role": "buyer"}
    smuggled = {"is_superuser": True, "is_verified": True, "id": seller.id, "hashed_password": "x"}
    user = await visitor.expect(201, "POST", "/api/user", {**account, **smuggled})
    assert user["id"] != seller.id
    session = await visitor.expect(200, "POST", "/api/user/login", account)
    newcomer = Visitor(visitor.http, session["access_token"])
    patched = await newcomer.send("PATCH", f"/api/event/{event_id}", json={"name": "Mine now"})
    check_problem(patched, 403, "FORBIDDEN_ROLE")


def _unsigned(claims: JsonObject, algorithm: str) -> str:
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(claims: JsonObject, secret: str, algorithm: str = "HS256", **changes: object) -> str:
    changed = {**claims, **changes}
    kept = {name: value for name, value in changed.items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm)


_PAST = int((datetime.now(UTC) - timedelta(seconds=1)).timestamp())
BAD_TOKENS: dict[str, Callable[[JsonObject, str], str]] = {
    "signed with another secret": lambda claims, _: _signed(claims, "x" * 48),
    "signed with an empty secret": lambda claims, _: _hs256_of_nothing(claims),
    "not signed at all": lambda claims, _: _unsigned(claims, "none"),
    "not signed, in other letters": lambda claims, _: _unsigned(claims, "NoNe"),
    "signature left out": lambda claims, _: _unsigned(claims, "HS256"),
    "of another algorithm": lambda claims, secret: _signed(claims, secret * 2, "HS512"),
    "expired": lambda claims, secret: _signed(claims, secret, exp=_PAST),
    "without an end": lambda claims, secret: _signed(claims, secret, exp=None),
    "with an end that is no number": lambda claims, secret: _signed(claims, secret, exp="never"),
    "of nobody": lambda claims, secret: _signed(claims, secret, sub="nobody"),
    "of a role that there is not": lambda claims, secret: _signed(claims, secret, role="admin"),
    "without a name of its own": lambda claims, secret: _signed(claims, secret, jti=None),
    "no token": lambda *_: "let me in",
    "dots": lambda *_: "..",
    "very long": lambda *_: "x" * 8_000,
}


def _hs256_of_nothing(claims: JsonObject) -> str:
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    payload = _unsigned(claims, "HS256").rstrip(".")
    return f"{payload}.{_base64(algorithm.sign(payload.encode(), b''))}"


@pytest.mark.parametrize("flaw", BAD_TOKENS)
async def test_a_token_with_a_flaw_is_no_session(
    system: OnsaleUp, seller: Seller, event_id: int, flaw: str
) -> None:
    secret = system.settings["ONSALE_TOKEN_SECRET"]
    claims = jwt.decode(seller.token, secret, algorithms=["HS256"])
    good = Visitor(seller.http, _signed(claims, secret, jti=str(uuid.uuid4())))
    assert (await good.get("/api/user/me"))["id"] == seller.id, "the test can make good ones"

    forger = Visitor(seller.http, BAD_TOKENS[flaw](claims, secret))
    check_problem(await forger.send("GET", "/api/user/me"), 401, "NOT_AUTHENTICATED")
    patched = await forger.send("PATCH", f"/api/event/{event_id}", json={"name": "Mine now"})
    check_problem(patched, 401, "NOT_AUTHENTICATED")
    cookie = {"Cookie": f"onsale_session={forger.token}"}
    by_cookie = await Visitor(seller.http).send("GET", "/api/user/me", headers=cookie)
    check_problem(by_cookie, 401, "NOT_AUTHENTICATED")
    assert (await seller.event(event_id))["name"] == "Concert"


async def test_a_token_changed_by_one_character_is_no_session(buyer: Buyer) -> None:
    head, payload, signature = buyer.token.split(".")
    for forged in (
        f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        f"{head}.{payload[:-2]}{'A' if payload[-2] != 'A' else 'B'}{payload[-1]}.{signature}",
    ):
        forger = Visitor(buyer.http, forged)
        check_problem(await forger.send("GET", "/api/user/me"), 401, "NOT_AUTHENTICATED")


async def test_another_scheme_is_no_session(buyer: Buyer) -> None:
    for header in (f"Basic {buyer.token}", buyer.token, "Bearer", "Token x"):
        answer = await Visitor(buyer.http).send(
            "GET", "/api/user/me", headers={"Authorization": header}
        )
        check_problem(answer, 401, "NOT_AUTHENTICATED")


async def test_a_session_is_over_soon_after_logging_out(buyer: Buyer, event_id: int) -> None:
    held = await buyer.hold(event_id)
    old = buyer.token
    await buyer.log_in()
    leaver = Visitor(buyer.http, old)
    await leaver.expect(204, "POST", "/api/user/logout")
    refused = await wait_for(
        lambda: leaver.send("GET", f"/api/booking/{held['id']}"),
        lambda answer: answer.status_code == httpx.codes.UNAUTHORIZED,
        seconds_max=REVOKED_SECONDS_MAX,
    )
    check_problem(refused, 401, "NOT_AUTHENTICATED")
    # The other session of the same account goes on.
    assert (await buyer.booking(held["id"]))["status"] == "pending_payment"


async def test_logging_out_makes_the_browser_forget(system: OnsaleUp, buyer: Buyer) -> None:
    async with httpx.AsyncClient(base_url=system.base_url) as browser:
        visitor = Visitor(browser)
        credentials = {"email": buyer.email, "password": PASSWORD}
        await visitor.expect(200, "POST", "/api/user/login", credentials)
        await visitor.expect(204, "POST", "/api/user/logout")
        assert not browser.cookies
        check_problem(await visitor.send("GET", "/api/user/me"), 401, "NOT_AUTHENTICATED")


async def test_wrong_passwords_and_unknown_addresses_are_answered_alike(
    visitor: Visitor, buyer: Buyer
) -> None:
    answers = [
        await visitor.send(
            "POST", "/api/user/login", json={"email": email, "password": "not the one"}
        )
        for email in (buyer.email, new_email())
    ]
    for answer in answers:
        check_problem(answer, 401, "INVALID_CREDENTIALS")
    assert answers[0].json() == answers[1].json()


async def test_guessing_is_slowed_down(visitor: Visitor, buyer: Buyer) -> None:
    guess = {"email": buyer.email, "password": "not the one"}

    async def refused() -> httpx.Response:
        return await visitor.send("POST", "/api/user/login", json=guess)

    limited = await wait_for(refused, lambda answer: answer.status_code != 401, poll_seconds=0)
    check_problem(limited, 429, "RATE_LIMITED")
    assert int(limited.headers["retry-after"]) > 0
    # Others are not locked out, nor is a session that stands.
    await Buyer.join(visitor.http)
    assert (await buyer.get("/api/user/me"))["id"] == buyer.id
