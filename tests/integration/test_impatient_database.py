"""Waiting for PostgreSQL is bounded in time and in number, and leaves nothing behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from onsale.platform.database.connections import (
    DatabasePing,
    close_pool,
    create_impatient_pool,
    create_read_engine,
    unavailable_on_connection_loss,
)
from onsale.platform.database.patience import ImpatientPool, Patience
from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError

PATIENCE = replace(Patience.within(1.0), server_seconds=60.0)
SLOW = "SELECT pg_sleep(60)"
# Of a busy machine; far less than the server would take.
MARGIN_SECONDS = 15.0


async def nothing() -> None:
    """What a dependency that always answers does."""


@pytest.fixture
def watch() -> DependencyWatch:
    return DependencyWatch("postgresql", nothing, answer_seconds_max=1.0)


@pytest.fixture
async def pool(database_url: str, watch: DependencyWatch) -> AsyncIterator[ImpatientPool]:
    patience = replace(PATIENCE, waiting_count_max=5)
    pool = await create_impatient_pool(database_url, size_max=2, patience=patience, watch=watch)
    yield pool
    await close_pool(pool)


async def ask(pool: ImpatientPool, query: str) -> object:
    async with unavailable_on_connection_loss():
        return await pool.fetchval(query)


async def test_a_crowd_before_a_slow_server_is_answered_in_time_and_then_served(
    pool: ImpatientPool,
) -> None:
    await ask(pool, "SELECT 1")
    tasks_before, began = asyncio.all_tasks(), time.monotonic()

    answers = await asyncio.gather(*(ask(pool, SLOW) for _ in range(40)), return_exceptions=True)

    assert {type(answer) for answer in answers} == {UnavailableError}
    turned_away = [answer for answer in answers if "too many" in str(answer)]
    assert len(turned_away) >= 40 - 2 - 5
    assert time.monotonic() - began < 1.0 + MARGIN_SECONDS
    assert await ask(pool, "SELECT 1") == 1, "a connection that was given up is replaced"
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks_before, "nothing goes on behind"


async def test_the_server_gives_up_what_its_client_has_given_up(
    database_url: str, watch: DependencyWatch
) -> None:
    # Its client would wait for much longer, and so hears it from the server however busy it is.
    patience = replace(Patience.within(60.0), server_seconds=0.3)
    pool = await create_impatient_pool(database_url, size_max=2, patience=patience, watch=watch)
    with pytest.raises(UnavailableError, match="statement timeout"):
        await ask(pool, SLOW)
    await close_pool(pool)


async def test_reads_are_bounded_alike(database_url: str, watch: DependencyWatch) -> None:
    patience = replace(PATIENCE, waiting_count_max=5)
    engine = create_read_engine(database_url, size_max=2, patience=patience, watch=watch)

    async def read(query: str) -> object:
        async with unavailable_on_connection_loss(), engine.connect() as connection:
            return (await connection.execute(text(query))).scalar()

    began = time.monotonic()
    answers = await asyncio.gather(*(read(SLOW) for _ in range(40)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {UnavailableError}
    assert time.monotonic() - began < 1.0 + MARGIN_SECONDS
    assert await read("SELECT 1") == 1
    await engine.dispose()


async def test_nobody_waits_for_a_server_that_is_known_to_stand_still(
    pool: ImpatientPool, watch: DependencyWatch
) -> None:
    watch._stalled.set()

    with pytest.raises(UnavailableError, match="does not answer"):
        await ask(pool, "SELECT 1")

    watch._stalled.clear()
    assert await ask(pool, "SELECT 1") == 1


async def test_a_ping_that_is_given_up_leaves_nothing_behind(database_url: str) -> None:
    async def never_speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(never_speak, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    ping = DatabasePing(f"postgresql://nobody@127.0.0.1:{port}/nothing?sslmode=disable")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ping(), 0.2)
    silent.close()
    with pytest.raises(UnavailableError):
        await ping()

    good = DatabasePing(database_url)
    await good()
    await good()
    good.close()


async def test_a_read_ends_at_once_when_it_is_cut(
    database_url: str, watch: DependencyWatch
) -> None:
    patience = replace(PATIENCE, place_seconds=60.0, statement_seconds=60.0)
    engine = create_read_engine(database_url, size_max=1, patience=patience, watch=watch)
    under_way = asyncio.Event()

    async def read() -> None:
        async with unavailable_on_connection_loss(), engine.connect() as connection:
            under_way.set()
            await connection.execute(text(SLOW))

    reading = asyncio.create_task(read())
    async with asyncio.timeout(MARGIN_SECONDS * 2):
        await under_way.wait()
        engine.cut()
        with pytest.raises(UnavailableError):
            await reading
    await engine.dispose()


async def test_nobody_connects_to_a_server_that_is_known_to_stand_still(database_url: str) -> None:
    async def stand_still() -> None:
        await asyncio.Event().wait()

    watch = DependencyWatch("postgresql", stand_still, answer_seconds_max=0.02)
    patience = replace(PATIENCE, place_seconds=60.0, waiting_count_max=5)
    engine = create_read_engine(database_url, size_max=1, patience=patience, watch=watch)
    while not watch.is_stalled:
        await watch.look()
    async with asyncio.timeout(MARGIN_SECONDS):
        with pytest.raises(UnavailableError):
            async with engine.connect():
                pass
    await engine.dispose()
