"""Every refusal has one status and one code."""

from collections.abc import Iterator

import httpx
import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.driving_adapter.http_controller.problem import problem_response
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import (
    INTERNAL_ERROR,
    PROBLEMS,
    kind_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import RequestError
from tests.support.http_api import HttpApi, booking_form
from tests.support.problems import problem

CONTRACT = {
    400: {"MALFORMED_JSON", "MALFORMED_REQUEST"},
    401: {"NOT_AUTHENTICATED", "INVALID_CREDENTIALS"},
    402: {"PAYMENT_DECLINED"},
    403: {"FORBIDDEN_ROLE", "NOT_OWNER", "FORBIDDEN_ORIGIN"},
    404: {
        *("EVENT_NOT_FOUND", "SUBSECTION_NOT_FOUND", "BOOKING_NOT_FOUND", "TICKET_NOT_FOUND"),
        *("NOT_FOUND", "WEBHOOK_NOT_FOUND", "WEBHOOK_DELIVERY_NOT_FOUND"),
    },
    405: {"METHOD_NOT_ALLOWED"},
    408: {"BODY_TIMEOUT"},
    409: {
        *("EMAIL_TAKEN", "EVENT_NOT_ON_SALE", "SOLD_OUT", "SEAT_CONFLICT", "BOOKING_NOT_PAYABLE"),
        *("BOOKING_NOT_CANCELLABLE", "PAYMENT_IN_PROGRESS", "ALREADY_ADMITTED"),
        *("EVENT_CANCELLED", "TICKET_LIMIT_REACHED", "WEBHOOK_LIMIT_REACHED", "WEBHOOK_DISABLED"),
    },
    410: {"HOLD_EXPIRED"},
    413: {"BODY_TOO_LARGE"},
    415: {"UNSUPPORTED_MEDIA_TYPE"},
    422: {
        *("VALIDATION_ERROR", "SEAT_OUT_OF_RANGE", "ORPHAN_SEAT", "IDEMPOTENCY_KEY_REUSED"),
        *("TICKET_NOT_VALID", "WEBHOOK_ADDRESS_REFUSED"),
    },
    429: {"RATE_LIMITED"},
    431: {"HEADERS_TOO_LARGE"},
    500: {"INTERNAL_ERROR"},
    503: {"UNAVAILABLE"},
    504: {"PAYMENT_UNKNOWN"},
}


def refusals(base: type[Exception]) -> Iterator[type[Exception]]:
    for subclass in base.__subclasses__():
        if subclass.__module__.startswith("onsale."):
            yield subclass
            yield from refusals(subclass)


def test_the_table_holds_the_codes_of_the_contract() -> None:
    table: dict[int, set[str]] = {}
    for kind in PROBLEMS.values():
        table.setdefault(kind.status, set()).add(kind.code)

    assert table == CONTRACT


@pytest.mark.parametrize("base", [domain.TicketingError, RequestError])
def test_every_refusal_has_a_row_of_its_own(base: type[Exception]) -> None:
    without = {refusal.__name__ for refusal in refusals(base) if refusal not in PROBLEMS}

    assert without == set()


def test_a_refusal_without_a_row_would_be_found() -> None:
    class ForgottenError(domain.TicketingError):
        """Nobody gave it a row."""

    ForgottenError.__module__ = "onsale.forgotten"

    assert ForgottenError in set(refusals(domain.TicketingError))
    assert ForgottenError not in PROBLEMS
    assert kind_of(ForgottenError()) is INTERNAL_ERROR


def test_an_impossible_refusal_tells_nothing() -> None:
    response = problem_response(domain.IllegalTransitionError(status="paid", expected="held"))

    assert response.status_code == 500
    assert b"held" not in bytes(response.body)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/event", "GET, HEAD, POST"),
        ("PUT", "/api/event/1", "GET, HEAD, PATCH"),
        ("GET", "/api/user", "POST"),
        ("PATCH", "/api/booking", "GET, HEAD, POST"),
        ("POST", "/livez", "GET, HEAD"),
        ("GET", "/api/booking/1/pay", "POST"),
        ("BREW", "/api/user/me", "GET, HEAD"),
    ],
)
async def test_a_path_tells_which_methods_it_takes(
    anyone: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    refused = await anyone.request(method, path)

    problem(refused, 405, "METHOD_NOT_ALLOWED")
    assert refused.headers["allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/event/",
        "/api/booking/1/refund",
        "/api//event",
        "/API/event",
        "/docs/../x",
    ],
)
async def test_where_nothing_is_nothing_is_found(anyone: httpx.AsyncClient, path: str) -> None:
    problem(await anyone.get(path), 404, "NOT_FOUND")


async def test_a_dependency_that_is_away_is_named_without_its_address(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    api.bookings.failure = UnavailableError("postgresql", "connect to 10.9.8.7:5432 refused")

    refused = await buyer.post("/api/booking", json=booking_form())

    document = problem(refused, 503, "UNAVAILABLE")
    assert document["dependency"] == "postgresql"
    assert refused.headers["retry-after"] == "1"
    assert "10.9.8.7" not in refused.text


async def test_what_nobody_foresaw_is_an_internal_error(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    api.bookings.failure = ZeroDivisionError("of 10.9.8.7")

    refused = await buyer.post("/api/booking", json=booking_form())

    problem(refused, 500, "INTERNAL_ERROR")
    assert "10.9.8.7" not in refused.text
    assert refused.headers["x-content-type-options"] == "nosniff"


async def test_what_nobody_foresaw_is_counted_like_any_answer(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    api.bookings.failure = ZeroDivisionError()
    await buyer.post("/api/booking", json=booking_form())

    metrics = (await buyer.get("/metrics")).text

    counted = 'onsale_http_requests_total{method="POST",route="/api/booking",status="500"} 1.0'
    assert counted in metrics
