"""The comparison of ledger and seat store as metrics."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

CAUSES = ("lost", "drifted")


class PrometheusDriftMeter:
    """See ``IDriftMeter``. No metric carries an event: there are too many; the log names them."""

    def __init__(
        self, registry: CollectorRegistry, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Every metric stands at once, so that a rate of a counter sees its first step."""
        self._checks = Counter(
            "onsale_drift_checks",
            "Events compared between ledger and seat store",
            registry=registry,
        )
        self._seats = Gauge(
            "onsale_drift_seats", "Seats known to differ and not healed yet", registry=registry
        )
        self._events = Gauge(
            "onsale_drift_events", "Events known to differ and not healed yet", registry=registry
        )
        self._contradicting = Gauge(
            "onsale_ledger_contradicting_events",
            "Events whose tickets and bookings contradict each other; onsale verify tells how",
            registry=registry,
        )
        self._repairs = Counter(
            "onsale_drift_repairs",
            "Loads asked for to heal the seat store",
            ("cause",),
            registry=registry,
        )
        for cause in CAUSES:
            self._repairs.labels(cause)
        self._oldest_since = monotonic()
        oldest = Gauge(
            "onsale_drift_oldest_check_seconds",
            "How long ago the event was compared that is due next, at most",
            registry=registry,
        )
        oldest.set_function(lambda: monotonic() - self._oldest_since)

    def checked(self) -> None:
        self._checks.inc()

    def round_finished(self, began_at: float) -> None:
        self._oldest_since = began_at

    def drifting(self, *, seats: int, events: int) -> None:
        self._seats.set(seats)
        self._events.set(events)

    def contradicting(self, *, events: int) -> None:
        self._contradicting.set(events)

    def repaired(self, cause: str) -> None:
        self._repairs.labels(cause).inc()
