"""How the background jobs of the ticketing worker go, as metrics."""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter


class UpkeepMeter:
    """Counts runs by task and outcome; there are as many tasks as the worker has. Prometheus has a
    meaning of its own for a label ``job``.
    """

    def __init__(self, registry: CollectorRegistry, outcomes: Collection[str]) -> None:
        self._outcomes = outcomes
        self._known: set[str] = set()
        self._runs = Counter(
            "onsale_upkeep_runs",
            "Runs of a background job, by what became of them",
            ("task", "outcome"),
            registry=registry,
        )

    def job_ran(self, job: str, outcome: str) -> None:
        """A job has run; its first run brings all its counters about, so that rates begin at 0."""
        if job not in self._known:
            self._known.add(job)
            for each in self._outcomes:
                self._runs.labels(job, each)
        self._runs.labels(job, outcome).inc()
