"""Passwords and card numbers: judged, never repeated, never logged.

That no answer repeats the tests' own is checked for every request of every test in
``Visitor.send``; that no log does, when the system is stopped.
"""

import asyncpg
import pytest

from tests.support.bad_bodies import BAD_ACCOUNTS, BAD_CARDS, changed
from tests.support.onsale_up import CARD_NUMBER, PASSWORD, OnsaleUp
from tests.support.visitors import Buyer, Visitor, check_problem, new_email


@pytest.mark.parametrize("flaw", BAD_ACCOUNTS)
async def test_an_account_that_cannot_be_is_refused(visitor: Visitor, flaw: str) -> None:
    account = {"email": new_email(), "password": PASSWORD, "name": "Ada", "role": "buyer"}
    body = changed(account, BAD_ACCOUNTS[flaw])
    answer = await visitor.send("POST", "/api/user", json=body)
    check_problem(answer, 422, "VALIDATION_ERROR")
    password = body.get("password")
    if isinstance(password, str) and password:
        assert password not in answer.text
    # Nobody was let in: the address is free, or no account can have it.
    log_in = await visitor.send("POST", "/api/user/login", json=changed(account, body))
    assert log_in.status_code in (401, 422), log_in.text


async def test_an_address_has_one_account_whatever_its_case(visitor: Visitor) -> None:
    account = {"email": new_email(), "password": PASSWORD, "name": "Ada", "role": "buyer"}
    await visitor.expect(201, "POST", "/api/user", account)
    for email in (account["email"], account["email"].upper()):
        again = {**account, "email": email, "password": f"{PASSWORD}-other", "role": "seller"}
        check_problem(await visitor.send("POST", "/api/user", json=again), 409, "EMAIL_TAKEN")
        log_in = await visitor.send("POST", "/api/user/login", json=again)
        check_problem(log_in, 401, "INVALID_CREDENTIALS")


async def test_a_password_of_72_bytes_is_taken(visitor: Visitor) -> None:
    password = f"{PASSWORD}{'€' * 18}!"
    assert len(password.encode()) == 72
    account = {"email": new_email(), "password": password, "name": "Ada", "role": "buyer"}
    await visitor.expect(201, "POST", "/api/user", account)
    await visitor.expect(200, "POST", "/api/user/login", account)
    wrong = {**account, "password": f"{password[:-1]}?"}
    check_problem(
        await visitor.send("POST", "/api/user/login", json=wrong), 401, "INVALID_CREDENTIALS"
    )


@pytest.mark.parametrize("flaw", BAD_CARDS)
async def test_a_card_that_cannot_be_is_refused_and_not_repeated(
    buyer: Buyer, event_id: int, flaw: str
) -> None:
    body = BAD_CARDS[flaw]
    held = await buyer.hold(event_id)
    answer = await buyer.send("POST", f"/api/booking/{held['id']}/pay", json=body)
    check_problem(answer, 422, "VALIDATION_ERROR")
    for card in body.values():
        assert not card or str(card) not in answer.text
    assert await buyer.booking(held["id"]) == held


async def test_a_card_number_is_not_logged_when_a_payment_breaks(
    system: OnsaleUp, buyer: Buyer, event_id: int
) -> None:
    held = await buyer.hold(event_id)
    database = await asyncpg.connect(system.settings["ONSALE_DATABASE_URL"])
    try:
        # What nobody foresaw, in the middle of a payment.
        await database.execute("ALTER TABLE mock_gateway_charge RENAME TO gone")
        answer = await buyer.http.post(
            f"/api/booking/{held['id']}/pay",
            json={"card_number": CARD_NUMBER},
            headers={"Authorization": f"Bearer {buyer.token}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    finally:
        await database.execute("ALTER TABLE gone RENAME TO mock_gateway_charge")
        await database.close()
    assert system.logs_with("unexpected_error") == ["api.log: unexpected_error"], "it is logged"
    assert system.logs_with(CARD_NUMBER, CARD_NUMBER.replace(" ", "")) == []


async def test_a_row_that_postgresql_refuses_is_not_logged(
    system: OnsaleUp, visitor: Visitor
) -> None:
    account = {"email": new_email(), "password": PASSWORD, "name": "Nobody's Business"}
    database = await asyncpg.connect(system.settings["ONSALE_DATABASE_URL"])
    try:
        # What nobody foresaw: this row is refused, and PostgreSQL tells what stands in it.
        await database.execute(
            f"""ALTER TABLE "user" ADD CONSTRAINT later CHECK (email <> '{account["email"]}')"""
        )
        answer = await visitor.http.post("/api/user", json={**account, "role": "buyer"})
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    finally:
        await database.execute('ALTER TABLE "user" DROP CONSTRAINT IF EXISTS later')
        await database.close()
    assert system.logs_with("constraint_name later") == ["api.log: constraint_name later"]
    assert system.logs_with(account["email"], account["name"], "Failing row", "$2b$") == []


async def test_no_secret_and_no_address_stands_in_a_log(system: OnsaleUp, buyer: Buyer) -> None:
    account = {"email": buyer.email, "password": PASSWORD, "name": "Ada", "role": "buyer"}
    await buyer.send("POST", "/api/user", json=account)
    await buyer.send("POST", "/api/user/login", json={**account, "password": f"{PASSWORD}-x"})
    secrets = (
        PASSWORD,
        CARD_NUMBER,
        CARD_NUMBER.replace(" ", ""),
        buyer.email,
        buyer.token,
        system.settings["ONSALE_TOKEN_SECRET"],
    )
    assert system.logs_with(*secrets) == []
