"""Runs a job again and again. A fault of one is logged and waited out."""

import asyncio
from collections.abc import Awaitable, Callable

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.occasional_log import OccasionalLog

PAUSE_AFTER_FAULT_SECONDS = 1.0

DONE, POSTPONED, FAILED = OUTCOMES = ("done", "postponed", "failed")


async def repeat(
    name: str,
    interval_seconds: float,
    job: Callable[[], Awaitable[bool]],
    stop: asyncio.Event,
    postponed: OccasionalLog,
    *,
    on_run: Callable[[str, str], None] = lambda _job, _outcome: None,
) -> None:
    """Run the job at this interval, at once again while it says that there is more to do.

    ``on_run`` hears of each run: the job's name, and one of ``OUTCOMES``.
    """
    failed = OccasionalLog()
    while not stop.is_set():
        pause_seconds, outcome = interval_seconds, DONE
        try:
            if await job():
                continue
        except Exception as error:  # noqa: BLE001 - a job that fails is reported, and tried again
            outcome = _report(name, error, postponed, failed)
            pause_seconds = max(interval_seconds, PAUSE_AFTER_FAULT_SECONDS)
        finally:
            on_run(name, outcome)
        try:
            async with asyncio.timeout(pause_seconds):
                await stop.wait()
        except TimeoutError:
            continue


def _report(name: str, error: Exception, postponed: OccasionalLog, failed: OccasionalLog) -> str:
    """A dependency that is away is a warning; anything else deserves its traceback. Tells which."""
    defects: BaseException | None = error
    if isinstance(error, ExceptionGroup):
        _, defects = error.split(UnavailableError)
    elif isinstance(error, UnavailableError):
        defects = None
    if defects is None:
        postponed.warning("job_postponed", job=name, error=str(error))
        return POSTPONED
    failed.error("job_failed", job=name, exc_info=defects)
    return FAILED
