"""Counts and times requests, by route template: paths themselves would never end."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import Scope

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.service.live_feed import LiveTopics
from onsale.service.ticketing.driving_adapter.http_controller.admission import REASONS, Admission
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import PROBLEMS

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
        self._in_progress = Gauge(
            "onsale_http_requests_in_progress",
            "Requests under way that count at the door: not streams, not probes",
            ("access",),
            registry=registry,
        )
        self._refusals = Counter(
            "onsale_http_refusals",
            "Requests answered with a problem document, by its code",
            ("code",),
            registry=registry,
        )
        for code in {kind.code for kind in PROBLEMS.values()}:
            self._refusals.labels(code)
        self._turned_away = Counter(
            "onsale_http_admission_refusals",
            "Requests turned away at the door, because too many are under way or the process is"
            " behind with its work",
            ("reason",),
            registry=registry,
        )
        for reason in REASONS:
            self._turned_away.labels(reason)
        # Looking a label up costs more than counting.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def watch(self, stream: str, topics: LiveTopics[Any, Any]) -> None:
        """Tell how many viewers these topics have."""
        self._viewers.labels(stream).set_function(lambda: topics.viewer_count)

    def watch_door(self, admission: Admission) -> None:
        """Tell how many requests are under way."""
        reads, writes = (self._in_progress.labels(access) for access in ("read", "write"))
        reads.set_function(lambda: admission.read_count)
        writes.set_function(lambda: admission.count - admission.read_count)

    def turned_away(self, reason: str) -> None:
        """A request was not let in."""
        self._turned_away.labels(reason).inc()
        self.refused(PROBLEMS[UnavailableError].code)

    def refused(self, code: str) -> None:
        """A request got this problem."""
        self._refusals.labels(code).inc()

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
