"""Accounts that cannot be opened, and log-ins that fail."""

from typing import Any

import httpx
import pytest

from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import FAILED_LOG_IN
from tests.support.http_api import PASSWORD, HttpApi
from tests.support.problems import problem


def account(**changes: object) -> dict[str, Any]:
    return {
        "email": "ada@example.test",
        "password": PASSWORD,
        "name": "Ada",
        "role": "buyer",
        **changes,
    }


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (
            "email",
            [
                *(
                    "",
                    "ada",
                    "@",
                    "ada@",
                    "@example.test",
                    "a@b@c",
                    "a da@example.test",
                    "ada@.test",
                ),
                *("ada@example..test", "ada@-a.test", "ada@exam_ple.test", "ada\0@example.test"),
                *(
                    "ädä@example.test",
                    "İ@example.test",
                    "a@" + "b" * 254,
                    "a" * 65 + "@b.c",
                    1,
                    None,
                ),
            ],
        ),
        (
            "password",
            ["", "1234567", "p" * 73, "é" * 37, "12345678\0", 12345678, None, ["correct horse"]],
        ),
        ("name", ["", "   ", "N" * 256, "N\0", 5, None]),
        ("role", ["admin", "superuser", "Buyer", "BUYER", "", None, 1, ["buyer"]]),
    ],
)
async def test_a_field_that_breaks_a_rule_opens_no_account(
    api: HttpApi, anyone: httpx.AsyncClient, field: str, values: list[Any]
) -> None:
    for value in values:
        refused = await anyone.post("/api/user", json=account(**{field: value}))

        document = problem(refused, 422, "VALIDATION_ERROR")
        assert [one["field"] for one in document["errors"]] == [field], value
    assert api.users.users == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ada@localhost"),
        ("email", "ada+tickets@mail.example.test"),
        ("email", "o'hara_{x}@example.test"),
        ("password", "12345678"),
        ("password", "p" * 72),
        ("password", "é" * 36),
        ("password", " " * 8),
        ("name", "N" * 255),
        ("name", "Žofie 🎫"),
        ("role", "seller"),
    ],
)
async def test_a_field_at_its_bound_opens_one(
    anyone: httpx.AsyncClient, field: str, value: str
) -> None:
    form = account(**{field: value})

    opened = await anyone.post("/api/user", json=form)
    session = await anyone.post(
        "/api/user/login", json={"email": form["email"], "password": form["password"]}
    )

    assert opened.status_code == 201, opened.text
    assert session.status_code == 200, session.text


@pytest.mark.parametrize("field", ["email", "password", "name", "role"])
async def test_a_missing_field_is_told(anyone: httpx.AsyncClient, field: str) -> None:
    form = account()
    del form[field]

    refused = await anyone.post("/api/user", json=form)

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == field


async def test_nobody_becomes_more_than_buyer_or_seller(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    form = account(is_superuser=True, is_verified=True, is_active=False, id=99)

    opened = await anyone.post("/api/user", json=form)

    assert opened.status_code == 201
    assert opened.json() == {
        "id": 1,
        "email": "ada@example.test",
        "name": "Ada",
        "role": "buyer",
        "is_active": True,
    }


async def test_an_address_is_taken_in_whatever_case(anyone: httpx.AsyncClient) -> None:
    await anyone.post("/api/user", json=account())

    refused = await anyone.post("/api/user", json=account(email=" Ada@EXAMPLE.test "))

    problem(refused, 409, "EMAIL_TAKEN")


async def test_every_log_in_that_fails_looks_alike(api: HttpApi, anyone: httpx.AsyncClient) -> None:
    await anyone.post("/api/user", json=account())
    await anyone.post("/api/user", json=account(email="closed@example.test"))
    api.users.deactivate(2)

    answers = [
        await anyone.post("/api/user/login", json={"email": email, "password": password})
        for email, password in (
            ("ada@example.test", "wrong password"),
            ("ada@example.test", ""),
            ("ada@example.test", "p" * 1_000),
            ("nobody@example.test", PASSWORD),
            ("not an address", PASSWORD),
            ("closed@example.test", PASSWORD),
        )
    ]

    assert len({answer.content for answer in answers}) == 1
    for answer in answers:
        problem(answer, 401, "INVALID_CREDENTIALS")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"email": "a@b.c"},
        {"email": 1, "password": PASSWORD},
        {"email": "a@b.c", "password": 12345678},
        {"email": "a\0", "password": PASSWORD},
        {"email": "a@b.c", "password": "12345678\0"},
        [],
        "words",
    ],
)
async def test_a_log_in_without_text_is_invalid(anyone: httpx.AsyncClient, form: object) -> None:
    refused = await anyone.post("/api/user/login", json=form)

    problem(refused, 422, "VALIDATION_ERROR")


async def test_guessing_ends_in_a_pause_for_that_address_alone(anyone: httpx.AsyncClient) -> None:
    await anyone.post("/api/user", json=account())
    await anyone.post("/api/user", json=account(email="bob@example.test"))
    for _ in range(int(FAILED_LOG_IN.burst)):
        failed = await anyone.post(
            "/api/user/login", json={"email": "ada@example.test", "password": "a bad guess"}
        )
        problem(failed, 401, "INVALID_CREDENTIALS")

    right = {"email": "Ada@example.test", "password": PASSWORD}
    paused = await anyone.post("/api/user/login", json=right)
    other = await anyone.post("/api/user/login", json={**right, "email": "bob@example.test"})

    problem(paused, 429, "RATE_LIMITED")
    assert int(paused.headers["retry-after"]) > 0
    assert other.status_code == 200
