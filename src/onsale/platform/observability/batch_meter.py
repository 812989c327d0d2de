"""How the batches of a worker go, as metrics."""

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BUCKETS_COUNT = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class PrometheusBatchMeter:
    """See ``BatchObserver``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """One set of meters for a process, which consumes one topic."""
        self._messages = Counter("onsale_worker_messages", "Messages handled", registry=registry)
        self._dead_letters = Counter(
            "onsale_worker_dead_letters", "Messages set aside", registry=registry
        )
        self._sizes = Histogram(
            "onsale_worker_batch_size_messages",
            "Messages of a batch",
            buckets=BUCKETS_COUNT,
            registry=registry,
        )
        self._seconds = Histogram(
            "onsale_worker_batch_duration_seconds",
            "Time of a batch, retries included",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )

    def batch_handled(self, count: int, seconds: float) -> None:
        """A batch of ``count`` messages is done."""
        self._messages.inc(count)
        self._sizes.observe(count)
        self._seconds.observe(seconds)

    def dead_lettered(self, count: int) -> None:
        """So many messages were set aside."""
        self._dead_letters.inc(count)
