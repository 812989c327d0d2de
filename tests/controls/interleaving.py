"""Forces one order of two things that run at once."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingTransaction
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_transaction import (
    AsyncpgTicketingTransaction,
)
from tests.servers.waiting import eventually
from tests.support.pipeline import Pipeline

TIMEOUT_SECONDS = 60.0


class HookedPort:
    """A port that awaits ``before`` and ``after`` round each of its calls."""

    def __init__(
        self,
        port: object,
        *,
        before: Callable[[], Awaitable[object]] | None = None,
        after: Callable[[], Awaitable[object]] | None = None,
        only: str | None = None,
    ) -> None:
        """``only`` names the one method that is hooked; else all are."""
        self._port, self._before, self._after, self._only = port, before, after, only

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found) or self._only not in (None, name):
            return found

        async def call(*args: object, **named: object) -> object:
            if self._before is not None:
                await self._before()
            result = await found(*args, **named)
            if self._after is not None:
                await self._after()
            return result

        return call


class Gate:
    """One side arrives and waits; the other sees it arrive, and lets it go on."""

    def __init__(self, name: str | None = None) -> None:
        """``name`` is the call before which it stands; ``None``: before the first, whichever."""
        self.name = name
        self.arrived, self._opened = asyncio.Event(), asyncio.Event()

    async def arrive(self) -> None:
        """Wait here until the gate is opened; everybody who comes later walks through."""
        self.arrived.set()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self._opened.wait()

    async def arrive_in(self, transaction: ITicketingTransaction) -> None:
        """The same with a transaction open, which the database ends early when it is idle."""
        connection = cast("AsyncpgTicketingTransaction", transaction)._connection
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)",
            f"{TIMEOUT_SECONDS:.0f}s",
        )
        await self.arrive()

    async def reached_by(self, task: asyncio.Task[Any]) -> None:
        """Until somebody waits here; a failure of the task on its way is a failure here."""
        arriving = asyncio.create_task(self.arrived.wait())
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.wait({arriving, task}, return_when=asyncio.FIRST_COMPLETED)
        if not arriving.done():
            arriving.cancel()
            raise AssertionError(f"it ended before the gate: {await task}")

    def open(self) -> None:
        """Let those who wait, and all who come, go on."""
        self._opened.set()


async def until_waiting_or(pipeline: Pipeline, happened: Callable[[], bool]) -> None:
    """Until somebody waits for a lock of the database: the guard holds; or until this happened."""

    async def either() -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return happened() or bool(await pipeline.pool.fetchval(waiting))

    await eventually(either, timeout_seconds=TIMEOUT_SECONDS)


async def until_two_wait(pipeline: Pipeline) -> None:
    """Until two wait for locks of the database."""

    async def do_two_wait() -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await pipeline.pool.fetchval(waiting) == 2)

    await eventually(do_two_wait, timeout_seconds=TIMEOUT_SECONDS)
