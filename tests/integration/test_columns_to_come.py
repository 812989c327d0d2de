"""Code that runs while the next one's migration adds columns goes on as if nothing had happened.

A prepared statement whose result would have more columns than before is refused by PostgreSQL in
the middle of a transaction: requests fail, and messages are set aside.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

import onsale
from onsale.platform.database.sql_file import load_statements

FILES = sorted(Path(onsale.__file__).parent.rglob("*.sql"))
STATEMENTS = {
    f"{path.stem}: {name}": statement
    for path in FILES
    for name, statement in load_statements(path).items()
}
TABLES = (
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connected = await asyncpg.connect(database_url)
    yield connected
    await connected.close()


async def _results(connection: asyncpg.Connection) -> dict[str, list[str]]:
    found = {}
    for name, statement in STATEMENTS.items():
        prepared = await connection.prepare(statement)
        found[name] = [attribute.name for attribute in prepared.get_attributes()]
    return found


async def _add_columns(connection: asyncpg.Connection) -> None:
    for row in await connection.fetch(TABLES):
        await connection.execute(f'ALTER TABLE "{row[0]}" ADD COLUMN to_come integer')


async def test_no_statement_returns_columns_that_it_does_not_name(
    connection: asyncpg.Connection,
) -> None:
    assert len(STATEMENTS) > 60
    before = await _results(connection)
    await _add_columns(connection)
    after = await _results(connection)
    assert {name for name, columns in after.items() if columns != before[name]} == set()


async def test_a_statement_that_takes_all_columns_is_refused_then(
    connection: asyncpg.Connection, database_url: str
) -> None:
    await connection.fetch("SELECT * FROM booking")
    migrating = await asyncpg.connect(database_url)
    await _add_columns(migrating)
    await migrating.close()
    async with connection.transaction():
        with pytest.raises(asyncpg.InvalidCachedStatementError):
            await connection.fetch("SELECT * FROM booking")
