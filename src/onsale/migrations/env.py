"""Runs migrations through asyncpg, one process at a time, never waiting long for a lock."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import onsale.service.ticketing.driven_adapter.model  # noqa: F401 - registers every table
from onsale.platform.database.base import Base

# Held for the whole run, so that processes that start together migrate one after another.
MIGRATION_LOCK_KEY = -7_311_001
# A migration that cannot get its lock fails and is run again; meanwhile the traffic of a table does
# not queue up behind it for longer than this. It is less than the second that is PostgreSQL's
# deadlock_timeout: of two that wait for each other the migration gives way, not whoever sells.
LOCK_TIMEOUT = "500ms"


def _run(connection: Connection) -> None:
    # A transaction for each: one for all would keep the locks of the first while it waits for those
    # of the last, and whoever sells meanwhile takes them in another order.
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    attributes, migration = context.config.attributes, context.get_context()
    connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK_KEY})"))
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    attributes.setdefault("revisions_before", migration.get_current_heads())
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
    attributes["revisions_after"] = migration.get_current_heads()


async def _run_online(database_url: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(
            database_url, server_settings={"application_name": "onsale-migrate"}
        ),
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_run_online(context.config.attributes["database_url"]))
