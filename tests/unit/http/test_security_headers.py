"""Every answer carries the security headers, whatever it is and whoever asks."""

import httpx
import pytest
from fastapi.routing import APIRoute

from onsale.service.ticketing.driving_adapter.http_controller.edge import (
    DOCS_HEADERS,
    SECURITY_HEADERS,
)
from tests.support.asgi_stream import open_stream
from tests.support.http_api import HttpApi, booking_form

WANTED = {
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
}
EXPECTED = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}
EXPECTED_OF_DOCS = {name.decode(): value.decode() for name, value in DOCS_HEADERS}
IDS = {
    "event_id": 1,
    "section": "A",
    "subsection": 1,
    "ticket_id": 1,
    "webhook_id": 1,
    "delivery_id": 1,
    "asset": "start.js",
    "version": "0",
}


def routes(api: HttpApi) -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in api.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]


def check(headers: httpx.Headers | dict[str, str], path: str = "/") -> None:
    expected = EXPECTED_OF_DOCS if path.startswith("/docs") else EXPECTED
    assert headers.items() >= expected.items()
    # What is live or somebody's own is kept nowhere; the files of the page are nobody's.
    assert headers["cache-control"] in {"no-store", "no-cache", "public, max-age=86400"}


def test_the_headers_are_those_that_browsers_know() -> None:
    assert EXPECTED.keys() == EXPECTED_OF_DOCS.keys() == WANTED
    assert EXPECTED["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in EXPECTED["content-security-policy"]
    assert "unsafe" not in EXPECTED["content-security-policy"]
    scripts = EXPECTED_OF_DOCS["content-security-policy"].split("script-src")[1].split(";")[0]
    assert "unsafe" not in scripts


@pytest.mark.parametrize("who", ["anyone", "buyer", "seller"])
async def test_every_route_answers_with_them(
    api: HttpApi,
    anyone: httpx.AsyncClient,
    buyer: httpx.AsyncClient,
    seller: httpx.AsyncClient,
    event: int,
    *,
    who: str,
) -> None:
    booking = (await buyer.post("/api/booking", json=booking_form())).json()
    client = {"anyone": anyone, "buyer": buyer, "seller": seller}[who]
    called = 0
    for method, template in routes(api):
        path = template.format(**IDS, booking_id=booking["id"])
        variants = [(method, path), ("OPTIONS", path), ("DELETE", path)]
        if method == "GET":
            variants.append(("HEAD", path))
        for verb, url in variants:
            if url.endswith("/sse") and verb == "GET":
                token = client.headers.get("authorization", "").removeprefix("Bearer ")
                async with open_stream(api.app, url, token or None) as stream:
                    check(stream.headers)
            else:
                check((await client.request(verb, url)).headers, url)
            called += 1
    assert called > 3 * 20


@pytest.mark.parametrize(
    "path", ["/api", "/nothing", "/api/booking/x", "/docs/none.js", "/api/event/0"]
)
async def test_refusals_carry_them(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path)

    assert answer.is_error
    check(answer.headers, path)
    assert answer.headers["cache-control"] == "no-store"


async def test_what_nobody_foresaw_carries_them(
    api: HttpApi, anyone: httpx.AsyncClient, event: int
) -> None:
    api.events.failure = RuntimeError("a fault")

    answer = await anyone.get("/api/event/999")

    assert answer.status_code == 500
    check(answer.headers)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_browsers_that_came_encrypted_shall_not_come_otherwise(
    api: HttpApi, scheme: str
) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url=f"{scheme}://tickets.example.test"
    ) as client:
        answers = [await client.get("/livez"), await client.get("/nothing")]

    for answer in answers:
        transport = answer.headers.get("strict-transport-security")
        assert transport == ("max-age=31536000" if scheme == "https" else None)
        check(answer.headers)


async def test_private_answers_are_kept_nowhere(
    buyer: httpx.AsyncClient, seller: httpx.AsyncClient, event: int
) -> None:
    booking = (await buyer.post("/api/booking", json=booking_form())).json()
    for path in ("/api/user/me", "/api/booking", f"/api/booking/{booking['id']}", "/api/event"):
        assert (await buyer.get(path)).headers["cache-control"] == "no-store"
    assert (await seller.get("/api/event?mine=true")).headers["cache-control"] == "no-store"
