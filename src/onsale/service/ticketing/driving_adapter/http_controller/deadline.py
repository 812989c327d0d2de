"""Until when a request has to be answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Scope

from onsale.platform.exceptions import UnavailableError

ANSWER_SECONDS_MAX = 1.5
_DEADLINE, _SECONDS = "onsale.deadline", "onsale.answer_seconds_max"


@asynccontextmanager
async def answered_in_time(scope: Scope, seconds_max: float) -> AsyncIterator[None]:
    """Give up what runs longer than this, waiting for the client left out.

    Raises:
        UnavailableError: it did. What was asked for may have happened all the same.
    """
    deadline = asyncio.timeout(seconds_max)
    try:
        async with deadline:
            scope[_DEADLINE], scope[_SECONDS] = deadline, seconds_max
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise UnavailableError("api", "no answer in time") from None
    finally:
        scope.pop(_DEADLINE, None)


@asynccontextmanager
async def while_client_sends(scope: Scope) -> AsyncIterator[None]:
    """The clock stands still within the block, and begins anew after it."""
    deadline: asyncio.Timeout | None = scope.get(_DEADLINE)
    if deadline is None:
        yield
        return
    deadline.reschedule(None)
    yield
    deadline.reschedule(asyncio.get_running_loop().time() + scope[_SECONDS])
