"""The process behind the test servers: starts each on first demand, ends all of them together.

    python -m tests.servers.host DIRECTORY

It answers JSON lines on the Unix socket ``host.sock`` in that directory and ends, removing the
directory, when its standard input is closed: whatever becomes of the test run, nothing stays.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import MissingComponentError
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.managed_process import ProcessEvent
from onsale.platform.embedded.redis import EmbeddedRedis, find_redis_engine
from onsale.platform.embedded.supervisor import Supervisor, stop_on_signals
from tests.servers.databases import Databases
from tests.servers.disposable import disposable
from tests.servers.protocol import JAR_CACHE, socket_path

Answer = dict[str, Any]


class ServerHost:
    """The servers of one test run."""

    def __init__(self, directory: DataDirectory, supervisor: Supervisor) -> None:
        self._directory = directory
        self._supervisor = supervisor
        self._databases = Databases(directory, supervisor)
        self._redis: dict[str, EmbeddedRedis] = {}
        self._kafka: EmbeddedKafka | None = None
        self._locks = {name: asyncio.Lock() for name in ("redis", "kafka")}

    async def postgres(self) -> Answer:
        """The server's URL."""
        return {"url": await self._databases.server_url()}

    async def create_database(self, *, migrated: bool) -> Answer:
        """A new database: with the schema, or empty."""
        return {"url": await self._databases.create(migrated=migrated)}

    async def drop_database(self, *, url: str) -> Answer:
        """Let a database go; it is removed later."""
        self._databases.drop_later(url)
        return {}

    async def redis(self, *, name: str) -> Answer:
        """A server of the Redis protocol for one test worker."""
        async with self._locks["redis"]:
            if name not in self._redis:
                engine = find_redis_engine(streams_needed=True)
                server = EmbeddedRedis(self._directory, engine, f"redis-{name}")
                await asyncio.to_thread(server.prepare)
                await self._supervisor.start(disposable(server.process()))
                self._redis[name] = server
        return {"url": self._redis[name].url()}

    async def kafka(self) -> Answer:
        """The one broker of the run."""
        async with self._locks["kafka"]:
            if self._kafka is None:
                server = EmbeddedKafka(self._directory, jar_cache=JAR_CACHE)
                await asyncio.to_thread(server.prepare)
                await self._supervisor.start(*map(disposable, server.processes()))
                self._kafka = server
        return {"bootstrap": self._kafka.bootstrap}

    async def close(self) -> None:
        """Finish what is under way in the databases."""
        await self._databases.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: a request, its answer, the end."""
        operations: dict[str, Callable[..., Awaitable[Answer]]] = {
            "postgres": self.postgres,
            "create_database": self.create_database,
            "drop_database": self.drop_database,
            "redis": self.redis,
            "kafka": self.kafka,
        }
        try:
            request = json.loads(await reader.readline())
            answer = await operations[request.pop("operation")](**request)
        except MissingComponentError as error:
            answer = {"missing": str(error)}
        except Exception as error:  # noqa: BLE001 - it travels to the test that asked
            answer = {"error": f"{type(error).__name__}: {error}"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()


def _log(event: ProcessEvent) -> None:
    sys.stdout.write(f"{event}\n")
    sys.stdout.flush()


async def _watch_standard_input(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


async def serve(root: Path) -> None:
    """Answer requests until standard input is closed or a signal asks to end."""
    stop = asyncio.Event()
    directory = DataDirectory(root / "data")
    async with Supervisor(directory, _log) as supervisor:
        host = ServerHost(directory, supervisor)
        watching = asyncio.create_task(_watch_standard_input(stop))
        with stop_on_signals(stop):
            server = await asyncio.start_unix_server(host.answer, socket_path(root))
            await stop.wait()
        # Not waited for: who still waits for an answer is gone, or ends with its server.
        server.close()
        watching.cancel()
        await host.close()


if __name__ == "__main__":
    try:
        asyncio.run(serve(Path(sys.argv[1])))
    finally:
        shutil.rmtree(sys.argv[1], ignore_errors=True)
