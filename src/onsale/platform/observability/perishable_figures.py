"""Figures that are told while they are fresh: what nobody could look at any more is not known."""

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

FRESH_SECONDS_MAX = 120.0
"""As old as figures may be when `OnsaleFiguresStale` counts them as unknown."""


class PerishableFigures(Collector):
    """What its ``registry`` holds is told until nobody has renewed it for so long; then nothing is.

    Without this the last figures of a worker that can look no more would stand among those of
    others for ever, and the worst of all workers' figures would be that worker's.
    """

    def __init__(
        self,
        told_in: CollectorRegistry,
        fresh_seconds_max: float = FRESH_SECONDS_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """They are fresh to begin with, so that every metric stands at once."""
        self.registry = CollectorRegistry()
        self._fresh_seconds_max = fresh_seconds_max
        self._monotonic = monotonic
        self._renewed_at = monotonic()
        told_in.register(self)

    def renew(self) -> None:
        """Somebody has looked, and all of them are as they should be."""
        self._renewed_at = self._monotonic()

    @override
    def collect(self) -> Iterable[Metric]:
        if self._monotonic() - self._renewed_at <= self._fresh_seconds_max:
            yield from self.registry.collect()
