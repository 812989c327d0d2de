"""Nothing of a password, a card number or a token comes back or is logged."""

import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from structlog.typing import EventDict

from onsale.platform.observability.logs import log_processors
from onsale.service.ticketing.driving_adapter.schema.booking_schema import PayBookingRequest
from onsale.service.ticketing.driving_adapter.schema.user_schema import (
    LogInRequest,
    RegisterRequest,
)
from tests.support.http_api import HttpApi, booking_form

JSON = {"content-type": "application/json"}
SECRET = "4929123456781234"


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """What is logged."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def bodies(field: str, **others: object) -> list[bytes]:
    """The secret, in requests that are wrong in many ways."""
    values = [
        SECRET,
        f"{SECRET}\0",
        f"{SECRET}x",
        SECRET * 10,
        [SECRET],
        {SECRET: SECRET},
        int(SECRET),
        float(SECRET),
    ]
    right = json.dumps({**others, field: SECRET}).encode()
    return [
        *(json.dumps({**others, field: value}).encode() for value in values),
        *(json.dumps({**others, field: SECRET, name: [SECRET]}).encode() for name in others),
        right,
        right[:-1],
        right[:-2],
        right + b"}",
        json.dumps([SECRET]).encode(),
        json.dumps(SECRET).encode(),
    ]


async def test_no_password_comes_back_or_is_logged(
    anyone: httpx.AsyncClient, logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    account = {"email": "ada@example.test", "name": "Ada", "role": "buyer"}
    for body in [*bodies("password", **account), *bodies("password", **account)]:
        for path in ("/api/user", "/api/user/login"):
            answer = await anyone.post(path, content=body, headers=JSON)
            assert answer.status_code < 500
            assert SECRET not in answer.text + str(answer.headers)

    assert SECRET not in repr(logged) + caplog.text


async def test_no_card_number_comes_back_or_is_logged(
    buyer: httpx.AsyncClient, event: int, logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    booking = (await buyer.post("/api/booking", json=booking_form())).json()

    for body in bodies("card_number"):
        answer = await buyer.post(f"/api/booking/{booking['id']}/pay", content=body, headers=JSON)
        assert answer.status_code < 500
        assert SECRET not in answer.text + str(answer.headers)

    assert SECRET not in repr(logged) + caplog.text


async def test_an_unforeseen_error_is_logged_with_its_traceback_and_without_variables(
    api: HttpApi,
    buyer: httpx.AsyncClient,
    event: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    booking = (await buyer.post("/api/booking", json=booking_form())).json()

    async def break_down(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(api.bookings, "by_ids", break_down)
    structlog.configure(
        processors=log_processors("api"), logger_factory=structlog.PrintLoggerFactory()
    )
    answer = await buyer.post(f"/api/booking/{booking['id']}/pay", json={"card_number": SECRET})
    written = capsys.readouterr()
    structlog.reset_defaults()

    assert answer.status_code == 500
    assert "nobody foresaw this" not in answer.text
    log = written.out + written.err
    assert "unexpected_error" in log
    assert "nobody foresaw this" in log
    assert "break_down" in log
    assert SECRET not in log
    assert buyer.headers["authorization"].removeprefix("Bearer ") not in log


def test_a_request_that_is_printed_hides_its_secret() -> None:
    account = {"email": "a@b.c", "name": "A", "role": "buyer", "password": SECRET}
    requests = [
        RegisterRequest.model_validate_json(json.dumps(account)),
        LogInRequest.model_validate_json(json.dumps(account)),
        PayBookingRequest.model_validate_json(json.dumps({"card_number": SECRET})),
    ]

    for request in requests:
        assert SECRET not in repr(request) + str(request) + request.model_dump_json()
