"""The end of a role: in order if it can be, for certain in any case."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

STOP_SECONDS_MAX = 18.0
"""Less than who started the process waits before killing it, so that the log says why it ended."""
EXIT_STATUS = 70
TASKS_TOLD_MAX = 50


@contextmanager
def stopping_for_certain(
    stop: asyncio.Event, *, seconds_max: float = STOP_SECONDS_MAX
) -> Iterator[None]:
    """Once ``stop`` is set the block has ``seconds_max``; after that the process ends where it is.

    Dying at any moment is safe here. Neither serving nor ending is not: nobody starts again what
    still runs.
    """
    loop = asyncio.get_running_loop()
    # A thread: what does not end may be the loop itself.
    timer = threading.Timer(seconds_max, _give_up, (loop, seconds_max))
    timer.daemon = True

    async def watch() -> None:
        await stop.wait()
        timer.start()

    watching = asyncio.create_task(watch(), name="stopping-for-certain")
    try:
        yield
    finally:
        watching.cancel()
        timer.cancel()


def _give_up(loop: asyncio.AbstractEventLoop, seconds_max: float) -> None:
    tasks = sorted(repr(task.get_coro()) for task in asyncio.all_tasks(loop))
    structlog.stdlib.get_logger(__name__).error(
        "role_did_not_stop", after_seconds=seconds_max, still_running=tasks[:TASKS_TOLD_MAX]
    )
    os._exit(EXIT_STATUS)
