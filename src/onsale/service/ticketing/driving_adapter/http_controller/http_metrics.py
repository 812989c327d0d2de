"""Counts and times requests, by route template: paths themselves would never end."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import Scope

from onsale.service.ticketing.app.service.live_feed import LiveTopics

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


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

    def record(self, scope: Scope, status: int, seconds: float | None) -> None:
        """Count the answer to one request; ``seconds`` is ``None`` for a stream."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path_format", UNMATCHED)
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
