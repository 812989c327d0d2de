"""Ending tasks for certain."""

import asyncio
from typing import Any

CANCEL_AGAIN_SECONDS = 0.5


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks and return once they are over. What they raise stays in them, as seen.

    A task may miss its cancellation: on Python 3.11 ``asyncio.wait_for`` returns normally when what
    it waits for ends in the same turn. Whoever cancels once and then waits may wait for ever, so
    what is not over soon is cancelled again.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()
