"""Waiting between attempts: longer each time, never in step with others, over at once on stop."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Waits that double from ``first_seconds`` up to ``seconds_max``, each shortened at random.

    ``random_fraction`` gives numbers from 0 to 1; a wait is between half and all of its nominal
    length, so that processes that failed together do not return together.
    """

    first_seconds: float = 0.1
    seconds_max: float = 5.0
    random_fraction: Callable[[], float] = random.random
    _nominal_seconds: float = field(default=0.0, init=False)

    def next_seconds(self) -> float:
        """How long to wait this time; the next answer is longer."""
        doubled = self._nominal_seconds * 2 or self.first_seconds
        self._nominal_seconds = min(doubled, self.seconds_max)
        return self._nominal_seconds * (0.5 + self.random_fraction() / 2)

    async def wait(self, stop: asyncio.Event) -> None:
        """Wait once, or only until ``stop`` is set."""
        await wait_until_set(stop, self.next_seconds())

    def reset(self) -> None:
        """Begin again at ``first_seconds``: an attempt went well."""
        self._nominal_seconds = 0.0


async def wait_until_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for ``event`` for at most ``seconds``; say whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()
