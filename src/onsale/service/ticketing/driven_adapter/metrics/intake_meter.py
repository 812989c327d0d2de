"""How bookings come into the ledger, and leave for the seat store, as metrics of the API."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BUCKETS_COUNT = (1, 2, 5, 10, 20, 50, 100, 250, 500, 1_000)


class IntakeMeter:
    """Batches are told of one by one; what waits is read when somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sizes = Histogram(
            "onsale_intake_batch_size_bookings",
            "Bookings that one statement stored",
            buckets=BUCKETS_COUNT,
            registry=registry,
        )
        self._seconds = Histogram(
            "onsale_intake_batch_duration_seconds",
            "Time of such a batch, repetitions included",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._waiting = Gauge(
            "onsale_intake_queue_bookings",
            "Bookings that wait to be stored; counted: of events that limit their buyers",
            ("line",),
            registry=registry,
        )
        self._outbox = Gauge(
            "onsale_outbox_commands",
            "Seat commands that wait to be sent to the broker",
            registry=registry,
        )

    def batch_stored(self, count: int, seconds: float) -> None:
        """A batch is done."""
        self._sizes.observe(count)
        self._seconds.observe(seconds)

    def watch_queue(self, waiting_counts: Callable[[], tuple[int, int]]) -> None:
        """``waiting_counts`` tells how many wait in the plain line and in the counted one."""
        self._waiting.labels("plain").set_function(lambda: waiting_counts()[0])
        self._waiting.labels("counted").set_function(lambda: waiting_counts()[1])

    def watch_outbox(self, waiting_count: Callable[[], int]) -> None:
        """``waiting_count`` tells how many commands wait."""
        self._outbox.set_function(waiting_count)
