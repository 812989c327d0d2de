"""Whether the code can work with the schema that a database has."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from structlog.testing import capture_logs

from onsale.platform.database.connections import create_pool
from onsale.platform.database.migrate import outgrown_revisions
from onsale.platform.database.schema_check import SchemaCheck
from onsale.platform.database.schema_watch import SchemaWatch
from onsale.platform.exceptions import SchemaBehindError, UnavailableError


@pytest.fixture
async def empty_pool(empty_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await create_pool(empty_database_url, size_max=1)
    yield pool
    await pool.close()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await create_pool(database_url, size_max=1)
    yield pool
    await pool.close()


def check(pool: asyncpg.Pool) -> SchemaCheck:
    return SchemaCheck(pool, outgrown_revisions())


async def test_a_database_without_a_schema_is_behind(empty_pool: asyncpg.Pool) -> None:
    with pytest.raises(SchemaBehindError):
        await check(empty_pool)()


async def test_an_older_schema_is_behind(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(SchemaBehindError):
        await check(pool)()


async def test_a_schema_that_was_taken_down_is_behind(pool: asyncpg.Pool) -> None:
    await pool.execute("DELETE FROM alembic_version")
    with pytest.raises(SchemaBehindError):
        await check(pool)()


async def test_the_newest_schema_is_one_to_work_with(pool: asyncpg.Pool) -> None:
    await check(pool)()


async def test_old_code_works_on_while_a_newer_schema_is_rolled_out(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '9999'")
    await check(pool)()


async def test_a_schema_that_comes_later_is_noticed_and_not_asked_for_again(
    pool: asyncpg.Pool,
) -> None:
    asked = check(pool)
    newest = await pool.fetchval("SELECT version_num FROM alembic_version")
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(SchemaBehindError):
        await asked()
    await pool.execute("UPDATE alembic_version SET version_num = $1", newest)
    await asked()
    await pool.execute("DROP TABLE alembic_version")
    await asked()


async def test_a_database_that_is_away_is_not_called_behind(pool: asyncpg.Pool) -> None:
    asked = check(pool)
    pool.terminate()
    await asked()


async def test_a_schema_that_is_behind_is_said_once_and_for_all_that_comes_of_it(
    pool: asyncpg.Pool,
) -> None:
    told: list[Exception] = []
    watch = SchemaWatch(check(pool), told.append)
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    with capture_logs() as lines:
        assert [await watch.look() for _ in range(3)] == [False] * 3
    assert [(line["event"], line["error"]) for line in lines] == [
        ("schema_behind", "schema: behind; onsale db upgrade")
    ]
    watch(asyncpg.UndefinedTableError("no such table"))
    away = UnavailableError("seat-store")
    watch(away)
    assert told == [away]
    await pool.execute("UPDATE alembic_version SET version_num = '9999'")
    assert await watch.look()
    missing = asyncpg.UndefinedTableError("no such table")
    watch(missing)
    assert told == [away, missing]
