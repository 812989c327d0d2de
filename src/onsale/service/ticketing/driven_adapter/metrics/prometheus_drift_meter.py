"""The comparison of ledger and seat store as metrics."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from onsale.platform.observability.perishable_figures import PerishableFigures

CAUSES = ("lost", "drifted")
FRESH_SECONDS_MAX = 300.0
"""Of a comparison: after one that took six seconds so long passes until the next."""


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
        self._figures = PerishableFigures(registry, FRESH_SECONDS_MAX, monotonic)
        figures = self._figures.registry
        self._seats = Gauge(
            "onsale_drift_seats", "Seats known to differ and not healed yet", registry=figures
        )
        self._events = Gauge(
            "onsale_drift_events", "Events known to differ and not healed yet", registry=figures
        )
        self._contradicting = Gauge(
            "onsale_ledger_contradicting_events",
            "Events whose tickets and bookings contradict each other; onsale verify tells how",
            registry=figures,
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

    def found(self, *, drifting_seats: int, drifting_events: int, contradicting: int) -> None:
        self._seats.set(drifting_seats)
        self._events.set(drifting_events)
        self._contradicting.set(contradicting)
        self._figures.renew()

    def repaired(self, cause: str) -> None:
        self._repairs.labels(cause).inc()
