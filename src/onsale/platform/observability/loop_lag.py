"""How far behind the event loop of this process is: what waits there has no other bound."""

import asyncio
from collections import deque
from time import monotonic

from prometheus_client import CollectorRegistry, Gauge

BEAT_SECONDS = 0.05
BEAT_COUNT = 3


class LoopLag:
    """Beats, and notes how late each beat comes. One long step makes one late; more work than can
    be done makes all of them late.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque([0.0] * BEAT_COUNT, maxlen=BEAT_COUNT)

    @property
    def seconds(self) -> float:
        """By how much at least each of the last few beats was late."""
        return min(self._recent)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            due_at = monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._recent.append(monotonic() - due_at)


def watch_loop(registry: CollectorRegistry, lag: LoopLag) -> None:
    """Tell how late it is, when somebody asks."""
    Gauge(
        "onsale_event_loop_lag_seconds",
        "How late the event loop of this process is at least",
        registry=registry,
    ).set_function(lambda: max(lag.seconds, 0.0))
