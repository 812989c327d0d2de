"""Pools of connections to PostgreSQL, and the translation of its failures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy.exc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from onsale.platform.exceptions import UnavailableError

CONNECT_TIMEOUT_SECONDS = 5.0
STATEMENT_TIMEOUT_SECONDS = 30.0
IDLE_IN_TRANSACTION_SECONDS_MAX = 5

# What asyncpg and the socket raise when the server is away, starting, stopping or not answering.
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


async def create_pool(database_url: str, *, size_max: int) -> asyncpg.Pool:
    """A pool that connects when it is first used, so that a database may come later."""
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=size_max,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=STATEMENT_TIMEOUT_SECONDS,
        # Compiling a plan costs more than any of these short statements takes.
        server_settings={
            "jit": "off",
            "application_name": "onsale",
            # A process that freezes inside a transaction must not keep its locks for ever.
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS_MAX}s",
        },
    )


def create_read_engine(database_url: str, *, size_max: int) -> AsyncEngine:
    """A SQLAlchemy engine for plain reads, on connections of its own."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            database_url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=STATEMENT_TIMEOUT_SECONDS,
            server_settings={"jit": "off", "application_name": "onsale-read"},
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=size_max,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
    )


@asynccontextmanager
async def unavailable_on_connection_loss() -> AsyncIterator[None]:
    """Turn every sign of an absent database into ``UnavailableError``."""
    try:
        yield
    except (*CONNECTION_ERRORS, sqlalchemy.exc.TimeoutError) as error:
        raise UnavailableError("postgresql", str(error) or type(error).__name__) from error
    except sqlalchemy.exc.DBAPIError as error:
        # SQLAlchemy wraps what the driver raised, also on the way to a connection.
        if not _comes_from_connection_loss(error):
            raise
        raise UnavailableError("postgresql", str(error.orig)) from error


def _comes_from_connection_loss(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, CONNECTION_ERRORS):
        cause = cause.__cause__
    return cause is not None


async def check_database(pool: asyncpg.Pool, timeout_seconds: float = 2.0) -> None:
    """Raise ``UnavailableError`` unless a query is answered in time."""
    async with unavailable_on_connection_loss():
        await pool.fetchval("SELECT 1", timeout=timeout_seconds)
