"""How long calls to a store take, and how many fail."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class CallMeter:
    """``{name}_call_duration_seconds`` and ``{name}_call_failures_total``, by call."""

    def __init__(
        self, registry: CollectorRegistry, name: str, what: str, calls: Collection[str]
    ) -> None:
        """``what`` says in words whose calls they are, ``calls`` which there are. Failures of each
        stand at once, so that a rate sees the first.
        """
        self._seconds = Histogram(
            f"{name}_call_duration_seconds",
            f"Time of a call to {what}",
            ("call",),
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._failures = Counter(
            f"{name}_call_failures", f"Calls to {what} that failed", ("call",), registry=registry
        )
        for call in calls:
            self._failures.labels(call)

    @contextmanager
    def timed(self, call: str) -> Iterator[None]:
        """Time what the block calls."""
        began = time.perf_counter()
        try:
            yield
        except Exception:
            self._failures.labels(call).inc()
            raise
        finally:
            self._seconds.labels(call).observe(time.perf_counter() - began)
