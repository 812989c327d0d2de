"""Read until what was read is as it must become, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

POLL_SECONDS = 0.05

Value = TypeVar("Value")


async def wait_for(
    read: Callable[[], Awaitable[Value]],
    accept: Callable[[Value], bool],
    *,
    seconds_max: float = 15.0,
    poll_seconds: float = POLL_SECONDS,
) -> Value:
    """What ``read`` returned once ``accept`` held for it.

    Raises:
        AssertionError: it did not for a reading that began after ``seconds_max`` either; the
            message shows what was read last.
    """
    deadline = time.monotonic() + seconds_max
    while True:
        # One that began before may take however long, and tells of the time before.
        is_last = time.monotonic() > deadline
        value = await read()
        if accept(value):
            return value
        if is_last:
            raise AssertionError(f"not within {seconds_max} s; last read: {str(value)[:2_000]}")
        await asyncio.sleep(poll_seconds)
