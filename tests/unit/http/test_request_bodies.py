"""Bodies that are no JSON, too large, of a wrong type or strange: refused, never a 500."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.http_api import HttpApi, booking_form, event_form
from tests.support.problems import problem

JSON = {"content-type": "application/json"}
MEGABYTE = 1_000_000


async def chunks(count: int, size: int = 64_000) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(count):
        yield b" " * size


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "json",
        "",
    ],
)
async def test_another_media_type_is_refused(
    buyer: httpx.AsyncClient, event: int, content_type: str
) -> None:
    body = json.dumps(booking_form())

    refused = await buyer.post("/api/booking", content=body, headers={"content-type": content_type})

    problem(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_without_a_media_type_is_refused(buyer: httpx.AsyncClient, event: int) -> None:
    refused = await buyer.post("/api/booking", content=json.dumps(booking_form()))

    problem(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"]
)
async def test_json_is_known_in_every_spelling(
    buyer: httpx.AsyncClient, event: int, content_type: str
) -> None:
    body = json.dumps(booking_form())

    accepted = await buyer.post(
        "/api/booking", content=body, headers={"content-type": content_type}
    )

    assert accepted.status_code == 202, accepted.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"event_id": 1',
        b"{'event_id': 1}",
        b'{"event_id": 1,}',
        b'{"event_id": 01}',
        b"{} {}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"section": "\xff"}',
        b'{"section": "\xed\xa0\x80"}',
        b'{"section": "\\ud8"}',
        b'{"section": "tab\there"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"event_id=1",
        b"undefined",
    ],
)
async def test_what_is_not_json_is_refused(
    buyer: httpx.AsyncClient, event: int, body: bytes
) -> None:
    refused = await buyer.post("/api/booking", content=body, headers=JSON)

    problem(refused, 400, "MALFORMED_JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"NaN",
        b'{"section": "\\ud800", "event_id": 1}',
        b'{"\\udfff": 1}',
        b'{"event_id": ' + b"9" * 5_000 + b"}",
        b'{"deep": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"event_id": NaN}',
        b'{"event_id": Infinity}',
        b'{"event_id": 1e400}',
        b'{"event_id": 1, "event_id": "x"}',
    ],
)
async def test_json_of_another_shape_is_invalid(
    buyer: httpx.AsyncClient, event: int, body: bytes
) -> None:
    refused = await buyer.post("/api/booking", content=body, headers=JSON)

    problem(refused, 422, "VALIDATION_ERROR")


async def test_an_empty_request_without_a_type_is_no_json(
    buyer: httpx.AsyncClient, event: int
) -> None:
    problem(await buyer.post("/api/booking"), 400, "MALFORMED_JSON")


@pytest.mark.parametrize("size", [MEGABYTE + 1, 10 * MEGABYTE])
async def test_a_large_body_is_refused(buyer: httpx.AsyncClient, event: int, size: int) -> None:
    refused = await buyer.post("/api/booking", content=b" " * size, headers=JSON)

    document = problem(refused, 413, "BODY_TOO_LARGE")
    assert document["limit_bytes"] == MEGABYTE


async def test_a_large_body_that_hides_its_size_is_refused(
    buyer: httpx.AsyncClient, event: int
) -> None:
    refused = await buyer.post("/api/booking", content=chunks(160), headers=JSON)

    problem(refused, 413, "BODY_TOO_LARGE")


async def test_a_body_at_the_limit_is_read(buyer: httpx.AsyncClient, event: int) -> None:
    body = json.dumps(booking_form()).encode()
    body += b" " * (MEGABYTE - len(body))

    accepted = await buyer.post("/api/booking", content=body, headers=JSON)

    assert accepted.status_code == 202, accepted.text


async def test_an_event_may_have_eight_megabytes(seller: httpx.AsyncClient) -> None:
    body = json.dumps(event_form()).encode()

    fits = await seller.post(
        "/api/event", content=body + b" " * (8 * MEGABYTE - len(body)), headers=JSON
    )
    refused = await seller.post("/api/event", content=b" " * (8 * MEGABYTE + 1), headers=JSON)

    assert fits.status_code == 201, fits.text
    assert problem(refused, 413, "BODY_TOO_LARGE")["limit_bytes"] == 8 * MEGABYTE


async def test_a_hall_with_a_hundred_thousand_faults_is_refused_with_a_few_of_them(
    seller: httpx.AsyncClient,
) -> None:
    sections = [{"name": "", "price": -1, "subsections": []}] * 9_000
    form = event_form(seating_config={"sections": sections})

    refused = await seller.post("/api/event", json=form)

    document = problem(refused, 422, "VALIDATION_ERROR")
    assert len(document["errors"]) <= 50


async def test_a_client_that_goes_away_while_sending_is_no_error(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    answered = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/booking",
        "query_string": b"",
        "headers": [
            (b"authorization", buyer.headers["authorization"].encode()),
            (b"content-type", b"application/json"),
            (b"content-length", b"100"),
        ],
    }
    await api.app(scope, receive, send)

    assert answered == []
