"""Counts and times requests, by route template: paths themselves would never end."""

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onsale.service.ticketing.app.service.live_feed import LiveTopics

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_EVENT_STREAM = b"text/event-stream"


class HttpMeters:
    """The meters of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "onsale_http_requests",
            "Answered requests",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "onsale_http_request_duration_seconds",
            "Time to the end of an answer, streams left out",
            ("method", "route"),
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._viewers = Gauge(
            "onsale_sse_viewers", "Open event streams", ("stream",), registry=registry
        )
        # Looking a label up costs more than counting.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def watch(self, stream: str, topics: LiveTopics[Any, Any]) -> None:
        """Tell how many viewers these topics have."""
        self._viewers.labels(stream).set_function(lambda: topics.viewer_count)

    def record(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one answer; ``seconds`` is ``None`` for a stream."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._requests.labels(method, route, str(status))
            self._counters[method, route, status] = counter
        counter.inc()
        if seconds is None:
            return
        timer = self._timers.get((method, route))
        if timer is None:
            timer = self._timers[method, route] = self._seconds.labels(method, route)
        timer.observe(seconds)


class HttpMetrics:
    """Pure ASGI around the application."""

    def __init__(self, app: ASGIApp, meters: HttpMeters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on and measure."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        is_stream = False
        began_at = time.perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = any(
                    name == b"content-type" and value.startswith(_EVENT_STREAM)
                    for name, value in message["headers"]
                )
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            if status:
                seconds = None if is_stream else time.perf_counter() - began_at
                method = scope["method"] if scope["method"] in _METHODS else "other"
                route = getattr(scope.get("route"), "path_format", UNMATCHED)
                self._meters.record(method, route, status, seconds)
