"""Wait for what must become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_POLL_SECONDS = 0.02


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], *, timeout_seconds: float = 15.0
) -> None:
    """Return once ``condition`` holds.

    Raises:
        AssertionError: it did not when asked after ``timeout_seconds`` either.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        # What was asked before may take however long, and tells of the time before.
        is_last = time.monotonic() > deadline
        holds = condition()
        if isinstance(holds, Awaitable):
            holds = await holds
        if holds:
            return
        if is_last:
            name = getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"not within {timeout_seconds} s: {name}")
        await asyncio.sleep(_POLL_SECONDS)
