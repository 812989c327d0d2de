"""The OpenAPI document and the page that shows it."""

import re
from typing import Any

import httpx
import pytest

from onsale.service.ticketing.driving_adapter.http_controller.problem_table import PROBLEMS
from tests.support.http_api import HttpApi

CALLS = {
    ("post", "/api/user"),
    ("post", "/api/user/login"),
    ("post", "/api/user/logout"),
    ("get", "/api/user/me"),
    ("get", "/api/user/session"),
    ("post", "/api/event"),
    ("get", "/api/event"),
    ("get", "/api/event/{event_id}"),
    ("patch", "/api/event/{event_id}"),
    ("post", "/api/event/{event_id}/admission"),
    ("get", "/api/event/{event_id}/sections/{section}/subsection/{subsection}/seats"),
    ("get", "/api/event/{event_id}/sections/{section}/subsection/{subsection}/alternatives"),
    ("get", "/api/event/{event_id}/sse"),
    ("post", "/api/event/{event_id}/cancel"),
    ("get", "/api/event/{event_id}/sales"),
    ("get", "/api/event/{event_id}/sales.csv"),
    ("post", "/api/event/{event_id}/sections/{section}/subsection/{subsection}/block"),
    ("post", "/api/event/{event_id}/sections/{section}/subsection/{subsection}/unblock"),
    ("post", "/api/booking"),
    ("get", "/api/booking"),
    ("get", "/api/booking/{booking_id}"),
    ("post", "/api/booking/{booking_id}/pay"),
    ("post", "/api/booking/{booking_id}/cancel"),
    ("get", "/api/booking/{booking_id}/sse"),
    ("get", "/api/booking/{booking_id}/tickets/{ticket_id}/qr.svg"),
    ("post", "/api/webhook"),
    ("get", "/api/webhook"),
    ("get", "/api/webhook/{webhook_id}"),
    ("patch", "/api/webhook/{webhook_id}"),
    ("delete", "/api/webhook/{webhook_id}"),
    ("post", "/api/webhook/{webhook_id}/secret"),
    ("post", "/api/webhook/{webhook_id}/test"),
    ("get", "/api/webhook/{webhook_id}/deliveries"),
    ("post", "/api/webhook/{webhook_id}/deliveries/{delivery_id}/resend"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}
# A code that lets somebody in is somebody's.
NOT_TO_BE_HAD = {"/api/event/{event_id}/admission"}
OPEN_CALLS = {
    *(("post", "/api/user"), ("post", "/api/user/login"), ("get", "/api/user/session")),
    *(
        (method, path)
        for method, path in CALLS
        if path.startswith("/api/event") and method == "get" and "/sales" not in path
    ),
    *(("get", "/livez"), ("get", "/readyz"), ("get", "/metrics")),
}


@pytest.fixture
async def document(anyone: httpx.AsyncClient) -> dict[str, Any]:
    answer = await anyone.get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


async def test_every_call_is_documented(document: dict[str, Any]) -> None:
    found = operations(document)

    assert found.keys() == CALLS
    assert len({operation["operationId"] for operation in found.values()}) == len(CALLS)
    tags = {tag["name"] for tag in document["tags"]}
    for call, operation in found.items():
        assert operation["summary"], call
        assert set(operation["tags"]) <= tags, call
        in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", call[1])), call


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    found = references(document)

    assert found
    assert {one.removeprefix("#/components/schemas/") for one in found} <= schemas.keys()


async def test_sessions_and_problems_are_documented_call_by_call(
    document: dict[str, Any],
) -> None:
    codes = {(str(kind.status), kind.code) for kind in PROBLEMS.values()}
    seen = set()
    for call, operation in operations(document).items():
        assert ("security" in operation) is (call not in OPEN_CALLS), call
        problems = {
            (status, code)
            for status, response in operation["responses"].items()
            for code in response.get("content", {})
            .get("application/problem+json", {})
            .get("examples", {})
        }
        assert problems <= codes
        assert ("503", "UNAVAILABLE") in problems
        if "requestBody" in operation:
            assert {("400", "MALFORMED_JSON"), ("413", "BODY_TOO_LARGE")} <= problems
        seen |= problems

    # These are of no documented call: they are refused before any is found.
    assert codes - seen == {
        ("400", "MALFORMED_REQUEST"),
        ("405", "METHOD_NOT_ALLOWED"),
        ("431", "HEADERS_TOO_LARGE"),
    }
    assert document["components"]["securitySchemes"].keys() == {"bearer", "cookie"}


async def test_every_example_of_a_body_works(api: HttpApi, document: dict[str, Any]) -> None:
    """Against a system like the demo: event 1 with section A, subsection 1 of at least 3 x 8."""
    sellers = await api.log_in_as("demo-seller", "seller")
    buyers = await api.log_in_as("demo-buyer", "buyer")
    hall = {
        "rows": 25,
        "cols": 20,
        "sections": [{"name": "A", "price": 15_000, "subsections": 10}],
    }
    demo = {"name": "Demo", "description": "", "venue_name": "Hall", "seating_config": hall}
    await sellers.post("/api/event", json=demo)
    held = None
    bodies = 0
    for (method, path), operation in sorted(
        operations(document).items(), key=lambda one: one[0][1]
    ):
        content = operation.get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("examples", {}).values():
            is_sellers = path.startswith(("/api/event", "/api/webhook"))
            client = sellers if is_sellers else buyers
            if "{booking_id}" in path:
                held = next(iter(api.bookings.bookings.values()))
                api.bookings.hold(held.id, ("1-1", "1-2"), api.tokens._now().replace(year=2999))
            url = path.format(
                event_id=1, section="A", subsection=1, webhook_id=1, booking_id=held and held.id
            )
            answer = await client.request(method, url, json=example["value"])
            assert answer.status_code in map(int, operation["responses"]), answer.text
            assert answer.is_success or path in NOT_TO_BE_HAD, (path, answer.text)
            bodies += 1
    assert bodies >= 10


async def test_the_page_takes_everything_from_its_own_host(anyone: httpx.AsyncClient) -> None:
    page = await anyone.get("/docs")

    assert page.headers["content-type"].startswith("text/html")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    assert "//" not in "".join(sources)
    assert re.findall(r"<script(?![^>]*\bsrc=)", page.text) == [], "inline scripts are forbidden"
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    for source in sources:
        asset = await anyone.get(source)
        assert asset.status_code == 200, source
        assert len(asset.content) > 100
        assert asset.headers["x-content-type-options"] == "nosniff"
    start = (await anyone.get("/docs/start.js")).text
    assert 'url: "/openapi.json"' in start
    assert "validatorUrl: null" in start
    assert "http" not in start


@pytest.mark.parametrize(
    "asset", ["none.js", "redoc.standalone.js", "%2e%2e%2fcore.py", "start.js%00"]
)
async def test_the_page_serves_nothing_but_its_own_files(
    anyone: httpx.AsyncClient, asset: str
) -> None:
    assert (await anyone.get(f"/docs/{asset}")).status_code == 404


@pytest.mark.parametrize("path", ["/docs/", "/docs/?from=a-bookmark"])
async def test_an_address_with_a_slash_too_many_leads_to_the_page(
    anyone: httpx.AsyncClient, path: str
) -> None:
    led = await anyone.get(path)

    assert (led.status_code, led.headers["location"]) == (307, "/docs")
    assert led.headers["x-content-type-options"] == "nosniff"
    assert (await anyone.get(path, follow_redirects=True)).status_code == 200
    assert (await anyone.post(path)).status_code == 405
