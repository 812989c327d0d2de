"""Whose statement PostgreSQL undid, since others were in its way, is told to ask again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text

from onsale.platform.database.connections import (
    create_read_engine,
    unavailable_on_connection_loss,
)
from onsale.platform.exceptions import UnavailableError
from tests.support.polling import wait_for

Run = Callable[[str], Awaitable[object]]
Connected = Callable[[str], AbstractAsyncContextManager[Run]]

SECONDS_MAX = 20.0

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1"


@asynccontextmanager
async def driver(database_url: str) -> AsyncIterator[Run]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection.execute
    finally:
        await connection.close()


@asynccontextmanager
async def reader(database_url: str) -> AsyncIterator[Run]:
    engine = create_read_engine(database_url, size_max=1)
    try:
        async with engine.connect() as connection:
            yield lambda statement: connection.execute(text(statement))
    finally:
        await engine.dispose()


async def lose_a_deadlock(
    run: Run, other: asyncpg.Connection, observer: asyncpg.Connection
) -> None:
    # Who looks first finds it, and loses.
    await run("SET deadlock_timeout = '10ms'")
    await run("SELECT pg_advisory_lock(1)")
    await other.execute("SELECT pg_advisory_lock(2)")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other.execute("SELECT pg_advisory_lock(1)"))
        await wait_for(
            lambda: observer.fetchval(WAITING, other.get_server_pid()), lambda count: count
        )
        with pytest.raises(UnavailableError, match="deadlock"):
            async with unavailable_on_connection_loss():
                await run("SELECT pg_advisory_lock(2)")
        await run("SELECT pg_advisory_unlock_all()")


@pytest.mark.parametrize("connected", [driver, reader])
async def test_who_loses_a_deadlock_is_told_that_the_database_is_not_to_be_had(
    database_url: str, connected: Connected
) -> None:
    other, observer = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(SECONDS_MAX), connected(database_url) as run:
            await lose_a_deadlock(run, other, observer)
    finally:
        await other.close()
        await observer.close()
