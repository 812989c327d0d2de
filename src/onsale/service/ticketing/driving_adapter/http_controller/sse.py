"""Server-sent events: a snapshot, then each change, heartbeats in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from onsale.platform.exceptions import UnavailableError
from onsale.platform.tasks import end
from onsale.service.ticketing.app.service.live_feed import Watch
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError
from onsale.service.ticketing.driving_adapter.http_controller.download import disconnected
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    LiveBooking,
    LiveEvent,
)

HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2_000
_OPENING = b"retry: %d\n\n" % RETRY_MILLISECONDS
_HEARTBEAT = b": still here\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

View = TypeVar("View")
Frames = Callable[[Watch[View], float], AsyncIterator[bytes]]


async def booking_frames(
    watch: Watch[LiveBooking], heartbeat_seconds: float
) -> AsyncIterator[bytes]:
    """A booking until it has come to its end."""
    while True:
        view = await watch.next(heartbeat_seconds)
        yield _HEARTBEAT if view is None else view.frame
        if view is not None and view.is_final:
            return


async def event_frames(watch: Watch[LiveEvent], heartbeat_seconds: float) -> AsyncIterator[bytes]:
    """An event's counts; each update holds what changed since what this viewer got."""
    seen: LiveEvent | None = None
    while True:
        view = await watch.next(heartbeat_seconds)
        if view is None:
            yield _HEARTBEAT
            continue
        if seen is None:
            yield view.snapshot()
        elif view != seen:  # it may have changed and changed back meanwhile
            yield view.since(seen)
        seen = view


class EventStream(Response, Generic[View]):
    """An answer that goes on until its frames end, the client goes, its session ends or the server
    stops. A client that reads slowly gets the latest state, not every one before it.
    """

    def __init__(
        self,
        watching: AbstractAsyncContextManager[Watch[View]],
        frames: Frames[View],
        shutdown: asyncio.Event,
        *,
        check_session: Callable[[], Awaitable[object]] | None = None,
        session_over: Callable[[], Awaitable[object]] | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        """``check_session`` raises ``NotAuthenticatedError`` when the viewer's session is over;
        ``session_over`` returns then, so that the stream ends also if nothing is to be told.
        """
        self.status_code = 200
        self.background = None
        self.raw_headers = list(_HEADERS)
        self._watching = watching
        self._frames = frames
        self._shutdown = shutdown
        self._check_session = check_session
        self._session_over = session_over
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Stream. What forbids watching at all is raised before the answer begins."""
        async with self._watching as watch:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": _OPENING, "more_body": True})
            ends: list[Awaitable[object]] = [
                self._pump(watch, send),
                disconnected(receive),
                self._shutdown.wait(),
            ]
            if self._session_over is not None:
                ends.append(self._session_over())
            await _first_of(*ends)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, watch: Watch[View], send: Send) -> None:
        async for frame in self._frames(watch, self._heartbeat_seconds):
            if not await self._is_allowed():
                return
            await send({"type": "http.response.body", "body": frame, "more_body": True})

    async def _is_allowed(self) -> bool:
        if self._check_session is None:
            return True
        try:
            await self._check_session()
        except NotAuthenticatedError:
            return False
        except UnavailableError:
            return True  # it was good a moment ago; a client that is cut off could not come back
        return True


async def _first_of(*waits: Awaitable[object]) -> None:
    """Wait for one of them and end the others; an error of the one that ended travels."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in done:
        task.result()
