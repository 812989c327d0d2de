"""Pools of connections to PostgreSQL, and the translation of its failures."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy.exc
from sqlalchemy import Pool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from onsale.platform.database.patience import (
    ImpatientConnection,
    ImpatientPool,
    Patience,
    PlainConnection,
    WaitingRoom,
)
from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError

CONNECT_TIMEOUT_SECONDS = 5.0
STATEMENT_TIMEOUT_SECONDS = 30.0
IDLE_IN_TRANSACTION_SECONDS_MAX = 5
CLOSE_SECONDS_MAX = 3.0
CLIENT_CHECK_SECONDS = 1
"""So often a server looks whether the client of a long statement is still there."""

# What asyncpg and the socket raise when the server is away, starting, stopping or not answering.
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    # What a person mends, in the server or in its address, while whoever needs it waits.
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)

# The same, and what was asked was undone since others were in its way, as a migration may be.
_PASSING_ERRORS = (*CONNECTION_ERRORS, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


async def create_pool(database_url: str, *, size_max: int) -> asyncpg.Pool:
    """A pool that connects when it is first used, so that a database may come later."""
    return await asyncpg.create_pool(
        database_url,
        connection_class=PlainConnection,
        min_size=0,
        max_size=size_max,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=STATEMENT_TIMEOUT_SECONDS,
        server_settings=_server_settings("onsale"),
    )


async def create_impatient_pool(
    database_url: str,
    *,
    size_max: int,
    patience: Patience,
    watch: DependencyWatch,
    are_statements_long: bool = False,
) -> ImpatientPool:
    """A pool for those whom a client waits for. With ``are_statements_long`` a statement has the
    time that it has elsewhere: whoever uses such a pool asks ``watch`` meanwhile.
    """
    seconds = STATEMENT_TIMEOUT_SECONDS if are_statements_long else patience.statement_seconds
    server_seconds = None if are_statements_long else patience.server_seconds
    pool = ImpatientPool(
        database_url,
        patience=patience,
        watch=watch,
        connection_class=ImpatientConnection,
        record_class=asyncpg.Record,
        min_size=0,
        max_size=size_max,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        timeout=patience.place_seconds,
        command_timeout=seconds,
        server_settings=_server_settings("onsale", server_seconds),
    )
    return await pool


class ReadEngine:
    """SQLAlchemy connections for plain reads; whoever waits for one waits in the waiting room."""

    def __init__(
        self,
        engine: AsyncEngine,
        waiting_room: WaitingRoom | None = None,
        opened: Collection[asyncpg.Connection] = (),
    ) -> None:
        """``opened`` are the connections that the engine has at the moment."""
        self._engine = engine
        self._waiting_room = waiting_room
        self._opened = opened

    @property
    def pool(self) -> Pool:
        """Its connections."""
        return self._engine.pool

    @property
    def waiting_count(self) -> int:
        """How many callers wait for a connection."""
        return 0 if self._waiting_room is None else self._waiting_room.count

    def cut(self) -> None:
        """End every read that is under way: whoever waits for it, alone or with many others, is
        told at once that the server is away.
        """
        for connection in list(self._opened):
            connection.terminate()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection for the block.

        Raises:
            UnavailableError: the server is known not to answer, or too many wait.
        """
        connection = self._engine.connect()
        if self._waiting_room is None:
            await connection.start()
        else:
            with self._waiting_room:
                await connection.start()
        try:
            yield connection
        finally:
            await connection.close()

    async def dispose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def create_read_engine(
    database_url: str,
    *,
    size_max: int,
    patience: Patience | None = None,
    watch: DependencyWatch | None = None,
) -> ReadEngine:
    """A SQLAlchemy engine for plain reads, on connections of its own; ``patience`` and ``watch``
    are for those whom a client waits for.
    """
    options: dict[str, Any] = {
        "timeout": CONNECT_TIMEOUT_SECONDS,
        "command_timeout": STATEMENT_TIMEOUT_SECONDS,
        "server_settings": _server_settings("onsale-read"),
    }
    if patience is not None:
        options = {
            "timeout": patience.place_seconds,
            "command_timeout": patience.statement_seconds,
            "server_settings": _server_settings("onsale-read", patience.server_seconds),
            "connection_class": ImpatientConnection,
        }

    opened: weakref.WeakSet[asyncpg.Connection] = weakref.WeakSet()

    async def connect() -> asyncpg.Connection:
        opening = asyncpg.connect(database_url, **options)
        connection: asyncpg.Connection = await (watch.unless_stalled(opening) if watch else opening)
        opened.add(connection)
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=size_max,
        max_overflow=0,
        pool_timeout=options["timeout"],
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
    )
    if patience is None or watch is None:
        return ReadEngine(engine, opened=opened)
    return ReadEngine(engine, WaitingRoom(watch, patience.waiting_count_max), opened)


def _server_settings(name: str, statement_seconds: float | None = None) -> dict[str, str]:
    settings = {
        # Compiling a plan costs more than any of these short statements takes.
        "jit": "off",
        "application_name": name,
        # A process that freezes inside a transaction must not keep its locks for ever.
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS_MAX}s",
        # Nor one that has gone those of a statement that waits.
        "client_connection_check_interval": f"{CLIENT_CHECK_SECONDS}s",
    }
    if statement_seconds is not None:
        settings["statement_timeout"] = str(int(statement_seconds * 1_000))
    return settings


async def close_pool(pool: asyncpg.Pool) -> None:
    """Close it; a server that does not answer is not waited for beyond a bound."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await pool.close()
    except TimeoutError:
        pool.terminate()


class DatabasePing:
    """Asks the server something on a connection of its own, which nobody else's load can hold up.

    Cancelled, it leaves nothing behind.
    """

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: asyncpg.Connection | None = None

    async def __call__(self) -> None:
        """Return once the server has answered.

        Raises:
            UnavailableError: it refused.
        """
        try:
            async with unavailable_on_connection_loss():
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(
                        self._database_url,
                        connection_class=ImpatientConnection,
                        server_settings=_server_settings("onsale-ping"),
                    )
                await self._connection.fetchval("SELECT 1")
        except BaseException:
            # Cancelled too: an answer that is still to come would be taken for the next one's.
            self.close()
            raise

    def close(self) -> None:
        """Give the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


@asynccontextmanager
async def unavailable_on_connection_loss() -> AsyncIterator[None]:
    """Turn every sign of an absent database into ``UnavailableError``, and what passes by itself:
    a deadlock.
    """
    try:
        yield
    except (*_PASSING_ERRORS, sqlalchemy.exc.TimeoutError) as error:
        raise UnavailableError("postgresql", connection_trouble(error)) from error
    except sqlalchemy.exc.DBAPIError as error:
        # SQLAlchemy wraps what the driver raised, also on the way to a connection.
        if cause_among(error, _PASSING_ERRORS) is None:
            raise
        raise UnavailableError("postgresql", connection_trouble(error)) from error


def comes_from_connection_loss(error: BaseException) -> bool:
    """Whether the server was away, and not the statement wrong."""
    return cause_among(error, CONNECTION_ERRORS) is not None


def cause_among(
    error: BaseException, kinds: tuple[type[BaseException], ...]
) -> BaseException | None:
    """The first of these kinds in the chain of causes, which begins with the error itself."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kinds):
        cause = cause.__cause__
    return cause


def connection_trouble(error: BaseException) -> str:
    """What keeps a connection from being had, and what to do where a person has to do it."""
    cause = cause_among(error, _PASSING_ERRORS) or error
    words = str(cause) or type(cause).__name__
    match cause:
        case asyncpg.InvalidCatalogNameError():
            return f"{words}; create it (CREATE DATABASE), or mend ONSALE_DATABASE_URL"
        case asyncpg.InvalidPasswordError():
            return f"{words}; mend user and password in ONSALE_DATABASE_URL"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"{words}; create the role or let it in, or mend ONSALE_DATABASE_URL"
        case _:
            return words


async def check_database(pool: asyncpg.Pool, timeout_seconds: float = 2.0) -> None:
    """Raise ``UnavailableError`` unless a query is answered in time."""
    async with unavailable_on_connection_loss():
        await pool.fetchval("SELECT 1", timeout=timeout_seconds)
