"""Server-sent events: a snapshot, then each change, as long as there is somebody to hear it."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from onsale.service.ticketing.app.interface.i_event_repository import EventChanges
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.driving_adapter.http_controller import live_views
from onsale.service.ticketing.driving_adapter.http_controller import sse as sse_module
from tests.servers.waiting import eventually
from tests.support.asgi_stream import open_stream
from tests.support.http_api import PASSWORD, HttpApi, booking_form
from tests.support.tasks import background

BookingId = str
# What the contract promises; heartbeats are fifteen seconds apart.
OVER_SECONDS_MAX = 5.0


def fail(error: Exception) -> None:
    raise error


@pytest.fixture(autouse=True)
async def live(api: HttpApi) -> AsyncIterator[None]:
    """The feed's loops, as the API runs them."""
    async with background(api.live_bookings.run(fail), api.live_events.run(fail)):
        yield


@pytest.fixture
def token(buyer: httpx.AsyncClient) -> str:
    return buyer.headers["authorization"].removeprefix("Bearer ")


@pytest.fixture
async def booking(buyer: httpx.AsyncClient, event: int) -> BookingId:
    accepted = await buyer.post("/api/booking", json=booking_form())
    booking_id: BookingId = accepted.json()["id"]
    return booking_id


def hold(api: HttpApi, booking: BookingId) -> None:
    expires_at = datetime.now(UTC) + timedelta(minutes=10)
    api.bookings.hold(UUID(booking), ("1-1", "1-2"), expires_at)
    api.live_bookings.touch([UUID(booking)])


async def test_a_booking_is_followed_from_its_state_to_its_end(
    api: HttpApi, buyer: httpx.AsyncClient, token: str, booking: BookingId
) -> None:
    async with open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert await stream.block() == "retry: 2000"

        name, data = await stream.event()
        assert (name, data["status"], data["tickets"]) == ("status_update", "processing", [])

        hold(api, booking)
        name, data = await stream.event()
        assert (name, data["status"]) == ("status_update", "pending_payment")
        assert data == (await buyer.get(f"/api/booking/{booking}")).json()

        await buyer.post(f"/api/booking/{booking}/cancel")
        _, data = await stream.event()
        assert (data["status"], data["cancel_reason"]) == ("cancelled", "buyer")
        await stream.ended()

    assert api.live_bookings.viewer_count == 0


async def test_a_booking_that_is_over_is_told_and_the_stream_ends(
    api: HttpApi, buyer: httpx.AsyncClient, token: str, booking: BookingId
) -> None:
    await buyer.post(f"/api/booking/{booking}/cancel")

    async with open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream:
        _, data = await stream.event()
        assert data["status"] == "cancelled"
        await stream.ended()


async def test_what_the_client_cannot_see_makes_no_event(
    api: HttpApi, token: str, booking: BookingId
) -> None:
    async with open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream:
        await stream.event()
        # The owed command was sent once more, which is nobody's business.
        api.bookings.bookings[UUID(booking)].next_send_at = datetime.now(UTC)
        api.live_bookings.touch([UUID(booking)])
        await eventually(lambda: not api.live_bookings._dirty)
        hold(api, booking)

        _, data = await stream.event()

    assert data["status"] == "pending_payment"


async def test_an_event_is_followed_by_what_changed(api: HttpApi, event: int) -> None:
    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        name, data = await stream.event()
        assert name == "initial_status"
        assert data.keys() == {"status", "sections"}
        assert [one["subsection"] for one in data["sections"]] == [1, 2]

        api.events.take(event, "A", 2, 0)
        api.live_events.touch([event])
        name, data = await stream.event()
        assert name == "status_update"
        assert data == {
            "status": "available",
            "sections": [
                {
                    "section": "A",
                    "subsection": 2,
                    "price": 1500,
                    "rows": 4,
                    "seats_per_row": 5,
                    "available": 19,
                    "reserved": 1,
                    "sold": 0,
                    "blocked": 0,
                }
            ],
        }

        api.events.set_status(event, EventStatus.SOLD_OUT)
        api.catalog.forget(event)
        api.live_events.touch([event])
        assert await stream.event() == ("status_update", {"status": "sold_out", "sections": []})


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"on_sale_at": datetime(2031, 1, 1, tzinfo=UTC)},
        {"starts_at": datetime(2031, 1, 1, tzinfo=UTC)},
        {"venue_name": "Castle Court"},
    ],
)
async def test_followers_hear_that_an_event_is_bought_otherwise(
    api: HttpApi, event: int, change: EventChanges
) -> None:
    """Not how: it names no section, and whoever wants to know reads the event again."""
    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        await stream.event()

        await api.events.change(event, change)
        api.catalog.forget(event)
        api.live_events.touch([event])

        assert await stream.event() == ("status_update", {"status": "available", "sections": []})


async def test_followers_hear_of_it_also_when_seats_are_taken_at_the_same_moment(
    api: HttpApi, event: int
) -> None:
    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        await stream.event()

        api.events.take(event, "A", 2, 0)
        await api.events.change(event, {"is_active": False})
        api.catalog.forget(event)
        api.live_events.touch([event])

        _, counts = await stream.event()
        assert [one["reserved"] for one in counts["sections"]] == [1]
        assert await stream.event() == ("status_update", {"status": "available", "sections": []})


async def test_a_viewer_who_comes_later_gets_everything_first(api: HttpApi, event: int) -> None:
    async with open_stream(api.app, f"/api/event/{event}/sse") as first:
        await first.event()
        api.events.take(event, "A", 1, 0)
        api.live_events.touch([event])
        await first.event()

        async with open_stream(api.app, f"/api/event/{event}/sse") as second:
            name, data = await second.event()
            assert (name, len(data["sections"])) == ("initial_status", 2)
            assert data["sections"][0]["reserved"] == 1
            await eventually(lambda: api.live_events.viewer_count == 2)

    assert api.live_events.viewer_count == 0


async def test_a_change_is_encoded_once_for_all_viewers(
    api: HttpApi, event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[str] = []
    make_frame = live_views.frame

    def counted(name: str, body: object) -> bytes:
        frames.append(name)
        return make_frame(name, body)

    monkeypatch.setattr(live_views, "frame", counted)
    path = f"/api/event/{event}/sse"
    async with (
        open_stream(api.app, path) as first,
        open_stream(api.app, path) as second,
        open_stream(api.app, path) as third,
    ):
        viewers = (first, second, third)
        for viewer in viewers:
            await viewer.event()
        api.events.take(event, "A", 1, 0)
        api.live_events.touch([event])
        updates = [await viewer.event() for viewer in viewers]

    assert updates[0] == updates[1] == updates[2]
    assert frames == ["initial_status", "status_update"]


async def test_silence_is_broken_by_heartbeats(
    api: HttpApi, event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = sse_module.event_frames
    monkeypatch.setattr(
        "onsale.service.ticketing.driving_adapter.http_controller.event_ticketing_controller"
        ".event_frames",
        lambda watch, _: frames(watch, 0.01),
    )

    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        await stream.event()
        assert [await stream.block() for _ in range(3)] == [": still here"] * 3


async def test_streams_end_when_the_server_stops(
    api: HttpApi, token: str, event: int, booking: BookingId
) -> None:
    async with (
        open_stream(api.app, f"/api/event/{event}/sse") as of_event,
        open_stream(api.app, f"/api/booking/{booking}/sse", token) as of_booking,
    ):
        api.shutdown.set()
        await of_event.ended()
        await of_booking.ended()


async def test_a_stream_ends_with_the_session_that_opened_it(
    api: HttpApi, buyer: httpx.AsyncClient, token: str, booking: BookingId
) -> None:
    async with open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream:
        await stream.event()
        await buyer.post("/api/user/logout")
        await api.tokens._revoked._read_once()
        hold(api, booking)
        await stream.ended()
        assert stream._text == ""


async def test_a_stream_ends_soon_after_a_log_out_though_nothing_happens(
    api: HttpApi, buyer: httpx.AsyncClient, token: str, booking: BookingId
) -> None:
    async with (
        background(api.tokens.run(fail)),
        asyncio.timeout(OVER_SECONDS_MAX),
        open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream,
    ):
        await stream.event()
        await buyer.post("/api/user/logout")
        await stream.ended()
        assert stream._text == ""

    assert api.live_bookings.viewer_count == 0
    assert not api.tokens._revoked._waiting


async def test_a_stream_ends_soon_after_its_account_is_closed(
    api: HttpApi, token: str, booking: BookingId
) -> None:
    async with (
        background(api.tokens.run(fail)),
        asyncio.timeout(OVER_SECONDS_MAX),
        open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream,
    ):
        await stream.event()
        api.users.deactivate(api.bookings.bookings[UUID(booking)].buyer_id)
        await stream.ended()


async def test_a_stream_ends_when_the_time_of_its_token_is_over(
    api: HttpApi, token: str, booking: BookingId
) -> None:
    nearly = api.tokens.expiry_of(token) - timedelta(seconds=0.2)
    began_at = time.monotonic()
    api.tokens._now = lambda: nearly + timedelta(seconds=time.monotonic() - began_at)

    async with (
        asyncio.timeout(OVER_SECONDS_MAX),
        open_stream(api.app, f"/api/booking/{booking}/sse", token) as stream,
    ):
        await stream.ended()


async def test_another_session_of_the_same_account_goes_on(
    api: HttpApi, buyer: httpx.AsyncClient, token: str, booking: BookingId
) -> None:
    credentials = {"email": "buyer@example.test", "password": PASSWORD}
    async with api.client() as anew:
        session = await anew.post("/api/user/login", json=credentials)
    other = session.json()["access_token"]
    path = f"/api/booking/{booking}/sse"

    async with (
        open_stream(api.app, path, token) as ends,
        open_stream(api.app, path, other) as stays,
    ):
        await buyer.post("/api/user/logout")
        await api.tokens._revoked._read_once()
        await ends.ended()
        hold(api, booking)
        while (await stays.event())[1]["status"] != "pending_payment":
            pass
        assert not stays.closed.is_set()


async def test_a_head_request_opens_no_stream(api: HttpApi, event: int) -> None:
    async with open_stream(api.app, f"/api/event/{event}/sse", method="HEAD") as stream:
        assert stream.status == 200
        await stream.ended()

    assert api.live_events.viewer_count == 0


async def test_too_many_viewers_are_told_before_a_stream_begins(
    api: HttpApi, event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onsale.service.ticketing.app.service.live_feed.VIEWER_COUNT_MAX", 0)

    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        assert stream.status == 503
        assert stream.headers["content-type"] == "application/problem+json"


async def test_the_metrics_know_the_viewers(
    api: HttpApi, anyone: httpx.AsyncClient, event: int
) -> None:
    async with open_stream(api.app, f"/api/event/{event}/sse") as stream:
        await stream.event()
        during = (await anyone.get("/metrics")).text
    after = (await anyone.get("/metrics")).text

    assert 'onsale_sse_viewers{stream="event"} 1.0' in during
    assert 'onsale_sse_viewers{stream="event"} 0.0' in after
    labels = 'method="GET",route="/api/event/{event_id}/sse"'
    assert f'onsale_http_requests_total{{{labels},status="200"}} 1.0' in after
    assert f"duration_seconds_count{{{labels}}}" not in after
