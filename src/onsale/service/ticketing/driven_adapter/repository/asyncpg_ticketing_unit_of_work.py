"""Ledger transactions on asyncpg."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import asyncpg

from onsale.platform.database.connections import CONNECTION_ERRORS, connection_trouble
from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    Result,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_transaction import (
    AsyncpgTicketingTransaction,
)

ATTEMPT_COUNT_MAX = 5
BACK_OFF_SECONDS = 0.02
ACQUIRE_TIMEOUT_SECONDS = 5.0

_RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class AsyncpgTicketingUnitOfWork:
    """Runs work in transactions of one connection pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def run(self, work: Callable[[ITicketingTransaction], Awaitable[Result]]) -> Result:
        """See ``ITicketingUnitOfWork.run``."""
        for attempt in range(1, ATTEMPT_COUNT_MAX + 1):
            try:
                return await self._run_once(work)
            except _RETRYABLE as error:
                if attempt == ATTEMPT_COUNT_MAX:
                    raise UnavailableError("postgresql", str(error)) from error
            except CONNECTION_ERRORS as error:
                raise UnavailableError("postgresql", connection_trouble(error)) from error
            await asyncio.sleep(BACK_OFF_SECONDS * 2**attempt * random.random())  # noqa: S311
        raise AssertionError("unreachable")

    async def _run_once(self, work: Callable[[ITicketingTransaction], Awaitable[Result]]) -> Result:
        async with (
            self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection,
            connection.transaction(),
        ):
            return await work(AsyncpgTicketingTransaction(connection))
