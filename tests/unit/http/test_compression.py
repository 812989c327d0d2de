"""Who gets what compressed, and what never is."""

import gzip

import httpx
import pytest

from onsale.service.ticketing.driving_adapter.http_controller.recent_answers import (
    KEPT_BYTES_MIN,
)
from onsale.web.site import Document, Site
from tests.support.asgi_stream import open_stream
from tests.support.http_api import HttpApi, event_form

STYLE = f"/static/{Site().version}/style.css"
DOCUMENTS = ["/", STYLE, "/docs", "/docs/start.js", "/docs/swagger-ui.css", "/openapi.json"]
SEATS = "/sections/A/subsection/1/seats"


async def raw(client: httpx.AsyncClient, path: str, accepted: str | None) -> httpx.Response:
    """The answer, as it came over the wire."""
    request = client.build_request("GET", path)
    del request.headers["accept-encoding"]
    if accepted is not None:
        request.headers["accept-encoding"] = accepted
    answer = await client.send(request, stream=True)
    body = b"".join([part async for part in answer.aiter_raw()])
    headers = [(name, value) for name, value in answer.headers.raw if name != b"content-encoding"]
    if "content-encoding" in answer.headers:
        headers.append((b"encoding-seen", answer.headers["content-encoding"].encode()))
    return httpx.Response(answer.status_code, headers=headers, content=body)


@pytest.fixture
async def large_event(seller: httpx.AsyncClient) -> int:
    """One with a large map, and large itself wherever it stands."""
    hall = {"rows": 50, "cols": 20, "sections": [{"name": "A", "price": 1, "subsections": 150}]}
    form = event_form(seating_config=hall, description="x" * 10_000, venue_name="y" * 255)
    event = (await seller.post("/api/event", json=form)).json()
    for _ in range(2):
        await seller.post("/api/event", json={**form, "is_active": False})
    event_id: int = event["id"]
    return event_id


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_file_has_a_tag_for_each_encoding(anyone: httpx.AsyncClient, path: str) -> None:
    short, plain = await raw(anyone, path, "gzip"), await raw(anyone, path, None)

    assert short.headers["encoding-seen"] == "gzip"
    assert "encoding-seen" not in plain.headers
    assert gzip.decompress(short.content) == plain.content
    assert int(short.headers["content-length"]) == len(short.content) < len(plain.content)
    assert short.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert short.headers["etag"] != plain.headers["etag"]
    # A cache that has the one asks for the other: it gets it.
    anyone.headers["if-none-match"] = plain.headers["etag"]
    assert (await raw(anyone, path, "gzip")).status_code == 200
    assert (await raw(anyone, path, "identity")).status_code == 304


async def test_what_would_grow_stays_as_it_is(anyone: httpx.AsyncClient) -> None:
    assert Document.of(b"x", "text/plain").gzip is None
    picture = await raw(anyone, "/docs/favicon.png", "gzip")
    assert "encoding-seen" not in picture.headers
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        *((one, True) for one in ("gzip", "br, GZIP", "deflate,gzip;q=0.1", "*", "gzip; q=1.0")),
        *((one, False) for one in ("", "br", "identity", "gzip;q=0", "gzip; q=0.000, *")),
        *((one, False) for one in ("*;q=0", "xgzip", "gzip " * 1_000)),
        (None, False),
    ],
)
async def test_what_is_compressed_can_be_read(
    anyone: httpx.AsyncClient, *, accepted: str | None, is_compressed: bool
) -> None:
    answer = await raw(anyone, STYLE, accepted)

    assert ("encoding-seen" in answer.headers) is is_compressed


@pytest.mark.parametrize("rest", ["", SEATS])
async def test_large_answers_to_everybody_are_compressed(
    anyone: httpx.AsyncClient, large_event: int, rest: str
) -> None:
    path = f"/api/event/{large_event}{rest}"
    short, plain = await raw(anyone, path, "gzip, br"), await raw(anyone, path, "identity")

    assert short.headers["encoding-seen"] == "gzip"
    assert gzip.decompress(short.content) == plain.content
    assert int(short.headers["content-length"]) == len(short.content) < len(plain.content) / 4
    for answer in (short, plain):
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"


async def test_a_list_of_large_halls_is_compressed_and_small_answers_are_not(
    anyone: httpx.AsyncClient, event: int, large_event: int
) -> None:
    assert large_event != event
    answer = await raw(anyone, "/api/event", "gzip")
    assert answer.headers["encoding-seen"] == "gzip"
    for path in (f"/api/event/{event}", f"/api/event/{event}{SEATS}", "/api/event?status=draft"):
        answer = await raw(anyone, path, "gzip")
        assert answer.headers.keys().isdisjoint({"encoding-seen", "vary"}), path


async def test_what_is_somebodys_own_is_never_compressed(
    seller: httpx.AsyncClient, large_event: int
) -> None:
    own = ("/api/event?mine=true", f"/api/event/{large_event}/sales", "/api/user/me")
    for path in (*own, f"/api/event/{large_event}/sales.csv", "/api/booking"):
        answer = await raw(seller, path, "gzip")
        assert answer.status_code == 200
        assert answer.headers.keys().isdisjoint({"encoding-seen", "vary"}), path
    assert len((await raw(seller, own[0], "gzip")).content) > 2 * KEPT_BYTES_MIN


async def test_streams_are_never_compressed(api: HttpApi, large_event: int) -> None:
    async with open_stream(api.app, f"/api/event/{large_event}/sse", None) as stream:
        assert "content-encoding" not in stream.headers


async def test_a_list_shows_at_once_what_its_seller_has_done(
    anyone: httpx.AsyncClient, seller: httpx.AsyncClient, large_event: int
) -> None:
    async def names() -> list[str]:
        return [one["name"] for one in (await anyone.get("/api/event")).json()["items"]]

    assert await names() == ["Evening"]
    await seller.patch(f"/api/event/{large_event}", json={"name": "Night"})
    assert await names() == ["Night"]
    await seller.post("/api/event", json=event_form(name="Noon"))
    assert await names() == ["Noon", "Night"]
    await seller.post(f"/api/event/{large_event}/cancel")
    items = (await anyone.get("/api/event")).json()["items"]
    assert [one["status"] for one in items] == ["available", "cancelled"]


async def test_a_large_event_is_shown_as_it_is_also_where_another_process_has_changed_it(
    api: HttpApi, anyone: httpx.AsyncClient, large_event: int
) -> None:
    """Whoever hears that it is another one reads it once."""
    path = f"/api/event/{large_event}"
    before = await anyone.get(path)
    assert (before.json()["name"], len(before.content) > KEPT_BYTES_MIN) == ("Evening", True)

    await api.events.change(large_event, {"name": "Night"})
    api.catalog.forget(large_event)

    assert (await anyone.get(path)).json()["name"] == "Night"
