"""Probes, metrics and headers."""

import asyncio

import httpx
import pytest
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from onsale.platform.exceptions import SchemaBehindError
from onsale.service.ticketing.driving_adapter.http_controller import operations_controller
from tests.support.http_api import HttpApi
from tests.support.problems import problem


async def up() -> None:
    return


async def down() -> None:
    raise ConnectionError("to 10.1.2.3 refused")


async def behind() -> None:
    raise SchemaBehindError


async def silent() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_metrics_are_not_for_who_comes_through_a_proxy(
    anyone: httpx.AsyncClient, header: str
) -> None:
    assert (await anyone.get("/metrics")).status_code == 200
    for path in ("/metrics", "/%6detrics"):
        problem(await anyone.get(path, headers={header: "for=203.0.113.9"}), 404, "NOT_FOUND")


async def test_a_process_that_answers_lives(anyone: httpx.AsyncClient) -> None:
    alive = await anyone.get("/livez")

    assert (alive.status_code, alive.json()["status"]) == (200, "alive")


async def test_readiness_names_what_is_away(
    api: HttpApi, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations_controller, "CHECK_SECONDS_MAX", 0.05)
    api.readiness["postgresql"] = up
    ready = await anyone.get("/readyz")
    api.readiness["seat-store"] = down
    api.readiness["message-bus"] = silent

    not_ready = await anyone.get("/readyz")

    assert ready.json() == {"status": "ready", "checks": {"postgresql": "up"}}
    document = problem(not_ready, 503, "UNAVAILABLE")
    assert document["down"] == ["seat-store", "message-bus"]
    assert not_ready.headers["retry-after"]
    assert "10.1.2.3" not in not_ready.text


async def test_readiness_tells_what_to_do_about_a_schema_that_is_behind(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    api.readiness.update({"schema": behind, "seat-store": down})

    document = problem(await anyone.get("/readyz"), 503, "UNAVAILABLE")

    assert document["down"] == ["schema", "seat-store"]
    assert document["detail"] == "Away: seat-store. schema: behind; onsale db upgrade"


async def test_what_stays_away_is_logged_once_and_not_with_every_probe(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    api.readiness.update({"postgresql": down, "seat-store": down})

    with capture_logs() as entries:
        for _ in range(5):
            await anyone.get("/readyz")

    assert [entry["dependency"] for entry in entries] == ["postgresql", "seat-store"]


async def test_a_server_that_stops_is_alive_but_not_ready(
    api: HttpApi, anyone: httpx.AsyncClient
) -> None:
    api.shutdown.set()

    assert (await anyone.get("/livez")).status_code == 200
    assert problem(await anyone.get("/readyz"), 503, "UNAVAILABLE")["down"] == ["server"]


async def test_requests_are_counted_by_template_and_not_by_path(
    anyone: httpx.AsyncClient, event: int
) -> None:
    for path in ("/api/event/1", "/api/event/2", "/api/event/x", "/nowhere/1", "/nowhere/2"):
        await anyone.get(path)
    await anyone.request("BREW", "/nowhere/3")

    metrics = (await anyone.get("/metrics")).text

    route = 'method="GET",route="/api/event/{event_id}"'
    for status in (200, 404, 422):
        assert f'onsale_http_requests_total{{{route},status="{status}"}} 1.0' in metrics
    assert f"onsale_http_request_duration_seconds_count{{{route}}} 3.0" in metrics
    assert 'method="GET",route="unmatched",status="404"} 2.0' in metrics
    assert 'method="other",route="unmatched",status="404"} 1.0' in metrics
    assert "nowhere" not in metrics


@pytest.mark.parametrize("path", ["/livez", "/docs", "/api/event/9", "/nowhere", "/api/user/me"])
async def test_every_answer_says_what_a_browser_may_do_with_it(
    anyone: httpx.AsyncClient, path: str
) -> None:
    answer = await anyone.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "script-src 'self';" in answer.headers["content-security-policy"]


async def test_a_head_request_gets_the_head_alone(anyone: httpx.AsyncClient, event: int) -> None:
    whole = await anyone.get(f"/api/event/{event}")
    head = await anyone.head(f"/api/event/{event}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_a_server_that_asks_for_a_life_span_or_a_web_socket_is_answered(api: HttpApi) -> None:
    async def answers(scope: Scope, *said: str) -> list[str]:
        asked, answered = iter(said), list[str]()

        async def receive() -> Message:
            return {"type": next(asked)}

        async def send(message: Message) -> None:
            answered.append(message["type"])

        await api.app(scope, receive, send)
        return answered

    life_span = await answers({"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown")
    assert life_span == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    socket = {"type": "websocket", "path": "/api/booking", "headers": []}
    assert await answers(socket, "websocket.connect") == ["websocket.close"]
