"""``onsale up``: the whole system in one command, below one data directory.

What is decided once and kept there: the port of the broker, the secret that signs sessions, the
accounts of the demo. ``environment.json`` holds what the roles are started with, so that other
commands find the system by its data directory, ``metrics-targets.json`` where Prometheus finds it.
"""

import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onsale.platform.database.migrate import upgrade
from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import (
    EmbeddedError,
    NotRunningError,
    UnfitDirectoryError,
)
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.managed_process import ManagedProcess, ProcessEvent
from onsale.platform.embedded.ports import choose_port
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.process_record import read_records
from onsale.platform.embedded.redis import EmbeddedRedis, find_redis_engine
from onsale.platform.embedded.supervisor import Supervisor
from onsale.settings import BusKind

DATABASE = "onsale"
ENVIRONMENT_FILE = "environment.json"
SECRETS_FILE = "secrets.json"
TRACES_FOLDER = "traces"
TARGETS_FILE = "metrics-targets.json"
READY_SECONDS_MAX = 3.0
ALL_READY_SECONDS_MAX = 60.0
READY_POLL_SECONDS = 0.05
# What runs a role, its name to follow; a benchmark puts another in its place.
ROLE_COMMAND: tuple[str, ...] = (sys.executable, "-m", "onsale")
WORKERS = ("seat-reservation", "ticketing", "webhooks")
REPLICATION_MAX = 3


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the person at the console chose; ``extra`` are settings for every role.

    ``worker_count`` processes run of each worker. ``broker_count`` brokers make a Kafka cluster;
    ``None`` for as many as the data directory has, or one. ``cache`` is where fetched files lie,
    below the data directory if not given; many data directories can share one.
    """

    data: Path
    host: str
    port: int
    bus: BusKind
    extra: Mapping[str, str]
    cache: Path | None = None
    worker_count: int = 1
    broker_count: int | None = None


class EmbeddedSystem:
    """PostgreSQL, a Redis-protocol server, perhaps Kafka, then the API and the workers."""

    def __init__(
        self,
        options: UpOptions,
        on_event: Callable[[ProcessEvent], None],
        tell: Callable[[str], None],
    ) -> None:
        """``on_event`` hears of every start, death and stop of a process, ``tell`` of what is
        changed outside the data directory.
        """
        self._options = options
        self._tell = tell
        self.directory = DataDirectory(options.data)
        self.supervisor = Supervisor(self.directory, on_event)
        # Of each worker that was started, by its name: where it serves its metrics.
        self.metrics_ports: dict[str, int] = {}

    @property
    def base_url(self) -> str:
        """Where a browser finds the API."""
        host = "127.0.0.1" if self._options.host in ("0.0.0.0", "::") else self._options.host  # noqa: S104
        return f"http://{host}:{self._options.port}"

    async def bring_up(self) -> Mapping[str, str]:
        """Start everything in order, and return the environment that the roles run with.

        Raises:
            EmbeddedError: something is missing, in the way, or did not become ready.
        """
        await self._check_port()
        postgres = EmbeddedPostgres(self.directory, tell=self._tell)
        kafka = self._kafka() if self._options.bus is BusKind.KAFKA else None
        redis = EmbeddedRedis(self.directory, find_redis_engine(streams_needed=kafka is None))
        for server in (postgres, redis, kafka):
            if server is not None:
                await asyncio.to_thread(server.prepare)
        brokers = kafka.processes() if kafka else []
        await self.supervisor.start(postgres.process(), redis.process(), *brokers)
        await postgres.ensure_database(DATABASE)
        database_url = postgres.url(DATABASE)
        await asyncio.to_thread(upgrade, database_url)
        environment = {
            # Whoever tries something finds its trace; a rush does not pay for a trace of each.
            "ONSALE_TRACE_RATIO": "0.01",
            "ONSALE_TRACES_PER_SECOND": "5",
            # Where traces are found again, if nobody says where; files there are bounded.
            "ONSALE_TRACE_DIRECTORY": str(self.directory.path / TRACES_FOLDER),
            **self._options.extra,
            "ONSALE_DATABASE_URL": database_url,
            "ONSALE_SEAT_STORE_URL": redis.url(),
            "ONSALE_BUS": self._options.bus.value,
            **(_kafka_settings(kafka) if kafka else {}),
            "ONSALE_TOKEN_SECRET": token_secret(self.directory.path),
            "ONSALE_HOST": self._options.host,
            "ONSALE_PORT": str(self._options.port),
        }
        # Each worker has a port of its own, so that one cannot stand in what all of them are given.
        environment.pop("ONSALE_METRICS_PORT", None)
        self.metrics_ports = {
            name: choose_port(self.directory, f"metrics-{name}")
            for worker in WORKERS
            for name in self._copies_of(worker)
        }
        environment |= {
            f"ONSALE_METRICS_PORT_{name.replace('-', '_').upper()}": str(port)
            for name, port in self.metrics_ports.items()
        }
        write_private(self.directory.path / ENVIRONMENT_FILE, environment)
        write_private(self.directory.path / TARGETS_FILE, self._scrape_targets())
        await self.supervisor.start(*self._workers(environment))
        await self.supervisor.start(self._api(environment))
        await self._until_all_is_ready()
        return environment

    def _kafka(self) -> EmbeddedKafka:
        cache = self._options.cache
        # Java runs in a directory of its own.
        jar_cache = cache and cache.absolute()
        existing = EmbeddedKafka(self.directory).stored_node_ids()
        wanted = self._options.broker_count or len(existing) or 1
        if existing and len(existing) != wanted:
            # The voters of a cluster are written into the storage of each of its brokers.
            held = "one broker" if len(existing) == 1 else f"a cluster of {len(existing)} brokers"
            raise UnfitDirectoryError(
                f"{self.directory.path} holds {held}, and keeps it; leave out --brokers, or choose"
                " another: DATA=/some/folder make run, or onsale up --data /some/folder"
            )
        return EmbeddedKafka(
            self.directory, node_ids=tuple(range(1, wanted + 1)), jar_cache=jar_cache
        )

    def _workers(self, environment: Mapping[str, str]) -> list[ManagedProcess]:
        """The workers, each as often as was asked for."""
        return [
            ManagedProcess(
                name=name,
                argv=[*ROLE_COMMAND, "worker", worker],
                env={**environment, "ONSALE_METRICS_PORT": str(self.metrics_ports[name])},
                stop_timeout_seconds=20.0,
            )
            for worker in WORKERS
            for name in self._copies_of(worker)
        ]

    def _scrape_targets(self) -> list[dict[str, object]]:
        """What Prometheus reads (``file_sd_configs``): where each process serves its metrics."""
        addresses = {"api": [f"127.0.0.1:{self._options.port}"]} | {
            worker: [f"127.0.0.1:{self.metrics_ports[name]}" for name in self._copies_of(worker)]
            for worker in WORKERS
        }
        return [
            {"targets": targets, "labels": {"job": f"onsale-{role}"}}
            for role, targets in addresses.items()
        ]

    def _copies_of(self, worker: str) -> list[str]:
        count = self._options.worker_count
        return [worker] if count == 1 else [f"{worker}-{at}" for at in range(1, count + 1)]

    def _api(self, environment: Mapping[str, str]) -> ManagedProcess:
        return ManagedProcess(
            name="api",
            argv=[*ROLE_COMMAND, "api"],
            env=environment,
            # Not whether all is there: without a broker it serves what needs none.
            ready=lambda: self._answers(b"/livez"),
            stop_timeout_seconds=20.0,
        )

    async def _until_all_is_ready(self) -> None:
        try:
            async with asyncio.timeout(ALL_READY_SECONDS_MAX):
                while not await self._answers(b"/readyz"):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(READY_POLL_SECONDS)
        except TimeoutError:
            raise EmbeddedError(
                f"the API did not find all it needs within {ALL_READY_SECONDS_MAX:.0f} s;"
                f" see {self.directory.logs / 'api.log'}"
            ) from None

    async def _answers(self, path: bytes) -> bool:
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                reader, writer = await self._connect()
                writer.write(b"GET %b HTTP/1.0\r\n\r\n" % path)
                status = await reader.readline()
                writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in status

    async def _check_port(self) -> None:
        try:
            server = await asyncio.start_server(
                lambda _reader, writer: writer.close(), self._options.host, self._options.port
            )
        except OSError as error:
            raise EmbeddedError(
                f"cannot listen at {self._options.host}:{self._options.port} ({error.strerror});"
                " choose another port: PORT=8123 make run, or onsale up --port 8123"
            ) from error
        server.close()
        await server.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = "127.0.0.1" if self._options.host == "0.0.0.0" else self._options.host  # noqa: S104
        return await asyncio.open_connection(host, self._options.port)


def _kafka_settings(kafka: EmbeddedKafka) -> dict[str, str]:
    return {
        "ONSALE_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "ONSALE_KAFKA_REPLICATION": str(min(len(kafka.node_ids), REPLICATION_MAX)),
    }


def token_secret(data: Path) -> str:
    """The secret of this data directory, made when it is first asked for."""
    path = data / SECRETS_FILE
    if not path.exists():
        write_private(path, {"token_secret": secrets.token_urlsafe(48)})
    return str(json.loads(path.read_text())["token_secret"])


def write_private(path: Path, content: Mapping[str, object] | Sequence[object]) -> None:
    """Write JSON that only its owner can read; a crash leaves the old file or the new one."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content, indent=2) + "\n")
    fresh.replace(path)


def environment_of(data: Path) -> dict[str, str]:
    """What the roles of this data directory run with.

    Raises:
        UnfitDirectoryError: no system was ever started there.
        NotRunningError: it is stopped.
    """
    path = data / ENVIRONMENT_FILE
    if not path.exists():
        raise UnfitDirectoryError(
            f"there is no system in {data}; start one: onsale up --data {data}"
        )
    if not any(record.is_alive() for record in read_records(data / "run")):
        raise NotRunningError(
            f"the system in {data} is not running; start it: onsale up --data {data}"
        )
    environment: dict[str, str] = json.loads(path.read_text())
    return environment
