"""A database for every test, cloned from one that was migrated once."""

import asyncio
import uuid
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg

from onsale.platform.database.migrate import upgrade
from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.supervisor import Supervisor
from tests.servers.disposable import disposable

_TEMPLATE = "onsale_template"
_SPARE_COUNT_MAX = 2
# Durability stays as in production; the log and the buffers need not be as large.
_SETTINGS = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "min_wal_size": "256MB",
}


class Databases:
    """The PostgreSQL server of a test run and the databases in it."""

    def __init__(self, directory: DataDirectory, supervisor: Supervisor) -> None:
        self._server = EmbeddedPostgres(directory, _SETTINGS)
        self._supervisor = supervisor
        self._started = False
        self._templated = False
        self._lock = asyncio.Lock()
        self._spares: list[str] = []
        self._dropped: list[str] = []
        self._upkeep: asyncio.Task[None] | None = None

    async def server_url(self) -> str:
        """The URL of the server's own database, started if need be."""
        async with self._lock:
            await self._ensure_started()
        return self._server.url()

    async def create(self, *, migrated: bool) -> str:
        """The URL of a new database."""
        async with self._lock:
            await self._ensure_started()
            if not migrated:
                name = await self._create_from("template1")
            else:
                await self._ensure_template()
                name = self._spares.pop() if self._spares else await self._create_from(_TEMPLATE)
                self._keep_up()
        return self._server.url(name)

    def drop_later(self, url: str) -> None:
        """Remove a database when there is time: it takes a checkpoint, which no test waits for."""
        self._dropped.append(urlsplit(url).path.removeprefix("/"))
        self._keep_up()

    async def close(self) -> None:
        """Stop the upkeep; databases that are left go with the server's files."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            with suppress(asyncio.CancelledError):
                await self._upkeep

    def _keep_up(self) -> None:
        if self._upkeep is not None and self._upkeep.done():
            self._upkeep.result()
            self._upkeep = None
        if self._upkeep is None:
            self._upkeep = asyncio.create_task(self._drop_and_make_spares())

    async def _drop_and_make_spares(self) -> None:
        while self._dropped or self._is_spare_wanted():
            if self._is_spare_wanted():
                self._spares.append(await self._create_from(_TEMPLATE))
            if self._dropped:
                await self._execute(f'DROP DATABASE "{self._dropped.pop()}" WITH (FORCE)')

    def _is_spare_wanted(self) -> bool:
        return self._templated and len(self._spares) < _SPARE_COUNT_MAX

    async def _ensure_started(self) -> None:
        if not self._started:
            await asyncio.to_thread(self._server.prepare)
            await self._supervisor.start(disposable(self._server.process()))
            self._started = True

    async def _ensure_template(self) -> None:
        if self._templated:
            return
        await self._server.ensure_database(_TEMPLATE)
        await asyncio.to_thread(upgrade, self._server.url(_TEMPLATE))
        # A connection to the template would make every clone fail.
        await self._execute(f'ALTER DATABASE "{_TEMPLATE}" WITH ALLOW_CONNECTIONS false')
        self._templated = True

    async def _create_from(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
