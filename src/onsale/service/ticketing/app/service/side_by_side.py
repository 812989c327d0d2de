"""Runs pieces of work that must not keep one another waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence


async def side_by_side(works: Sequence[Callable[[], Awaitable[bool]]], *, at_once_max: int) -> int:
    """Do all of the work, ``at_once_max`` pieces at a time; tell how many came back true.

    Raises:
        ExceptionGroup: some failed; all the others were done.
    """
    gate = asyncio.Semaphore(at_once_max)

    async def do(work: Callable[[], Awaitable[bool]]) -> bool | Exception:
        async with gate:
            try:
                return await work()
            except Exception as error:  # noqa: BLE001 - raised below, once all had their turn
                return error

    results = await asyncio.gather(*(do(work) for work in works))
    failures = [result for result in results if isinstance(result, Exception)]
    if failures:
        raise ExceptionGroup("some of the work could not be done", failures)
    return sum(result is True for result in results)
