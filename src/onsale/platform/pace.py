"""Batches at a pace, so that one round trip and one commit serve more of what comes."""

import time
from collections.abc import Callable

PACE_SECONDS = 0.02


class Pace:
    """Batches begin no closer together than so many ``seconds``, unless they are full.

    Whoever comes alone waits for nobody, since the batch before began long ago. A backlog that
    fills each batch by itself does not wait either: there waiting would only cost time.
    """

    def __init__(
        self,
        count_max: int,
        *,
        seconds: float = PACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A batch of ``count_max`` is full."""
        self._count_max = count_max
        self._seconds = seconds
        self._clock = clock
        self._next_at = 0.0

    def seconds_to_wait(self) -> float:
        """How long from now until the next batch may begin."""
        return max(0.0, self._next_at - self._clock())

    def begin(self, count: int) -> None:
        """A batch of so many begins now; one of nothing is none."""
        if count == 0:
            return
        is_full = count >= self._count_max
        self._next_at = 0.0 if is_full else self._clock() + self._seconds
