"""Until when requests have to be answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Scope

from onsale.platform.exceptions import UnavailableError

ANSWER_SECONDS_MAX = 8.0
_DEADLINE, _SECONDS = "onsale.deadline", "onsale.answer_seconds_max"


class Deadlines:
    """Of all requests of one process that are being answered.

    Their time is long enough for a busy service to answer what it can; once a server that they need
    stands still there is nothing to wait for, and :meth:`cut` ends them all.
    """

    def __init__(self, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """``answer_seconds_max`` is for requests that have no bound of their own."""
        self._answer_seconds_max = answer_seconds_max
        self._running: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def answered_in_time(
        self, scope: Scope, *, has_own_bound: bool = False
    ) -> AsyncIterator[None]:
        """Give up what runs too long, waiting for the client left out.

        Raises:
            UnavailableError: it did. What was asked for may have happened all the same.
        """
        seconds_max = None if has_own_bound else self._answer_seconds_max
        deadline = asyncio.timeout(seconds_max)
        try:
            async with deadline:
                scope[_DEADLINE], scope[_SECONDS] = deadline, seconds_max
                self._running.add(deadline)
                yield
        except TimeoutError:
            if not deadline.expired():
                raise
            raise UnavailableError("api", "no answer in time") from None
        finally:
            self._running.discard(deadline)
            scope.pop(_DEADLINE, None)

    def cut(self) -> None:
        """End every request that is under way; they are answered as unavailable."""
        now = asyncio.get_running_loop().time()
        for deadline in self._running:
            if not deadline.expired():
                deadline.reschedule(now)


@asynccontextmanager
async def while_client_sends(scope: Scope) -> AsyncIterator[None]:
    """The clock stands still within the block, and begins anew after it."""
    deadline: asyncio.Timeout | None = scope.get(_DEADLINE)
    if deadline is None:
        yield
        return
    deadline.reschedule(None)
    yield
    seconds_max: float | None = scope[_SECONDS]
    now = asyncio.get_running_loop().time()
    deadline.reschedule(None if seconds_max is None else now + seconds_max)
