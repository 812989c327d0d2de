"""How far behind the event loop of this process is: what waits there has no other bound."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from prometheus_client import CollectorRegistry, Gauge

from onsale.platform.tasks import end

BEAT_SECONDS = 0.05
BEAT_COUNT = 3


class LoopLag:
    """Beats, and notes how late each beat comes. One long step makes one late; more work than can
    be done makes all of them late.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque([0.0] * BEAT_COUNT, maxlen=BEAT_COUNT)
        self._due_at = monotonic() + BEAT_SECONDS

    @property
    def seconds(self) -> float:
        """By how much at least each of the last few beats was late."""
        return min(self._recent)

    @property
    def overdue_seconds(self) -> float:
        """By how much the next beat is late already, negative while it is not; for any thread."""
        return monotonic() - self._due_at

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self._due_at = monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._recent.append(monotonic() - self._due_at)


@asynccontextmanager
async def beating(registry: CollectorRegistry) -> AsyncIterator[LoopLag]:
    """Beats within the block, and is told in this registry."""
    lag = LoopLag()
    watch_loop(registry, lag)
    task = asyncio.create_task(lag.run(), name="loop-lag")
    try:
        yield lag
    finally:
        await end(task)


def watch_loop(registry: CollectorRegistry, lag: LoopLag) -> None:
    """Tell how late it is, when somebody asks."""
    Gauge(
        "onsale_event_loop_lag_seconds",
        "How late the event loop of this process is at least",
        registry=registry,
    ).set_function(lambda: max(lag.seconds, lag.overdue_seconds, 0.0))
