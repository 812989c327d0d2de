"""A deployment on this machine: stores, brokers, and as many processes of each role as wanted."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx

from drills.kept_process import KeptProcess
from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.managed_process import ManagedProcess
from onsale.platform.embedded.ports import free_port
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.redis import EmbeddedRedis, find_redis_engine

PROJECT = Path(__file__).resolve().parents[1]
JAR_CACHE = PROJECT / ".cache"
DATABASE = "onsale"
ROLES: Mapping[str, Sequence[str]] = {
    "api": ("api",),
    "seat-reservation": ("worker", "seat-reservation"),
    "ticketing": ("worker", "ticketing"),
    "webhooks": ("worker", "webhooks"),
}
STOP_SECONDS_MAX = 30.0
COMMAND_SECONDS_MAX = 600.0
_READY_SECONDS_MAX = 3.0

Say = Callable[[str], None]


class CommandFailedError(Exception):
    """An ``onsale`` command did not do its work; the message holds what it printed."""


@dataclass(frozen=True, slots=True)
class FleetShape:
    """How many of everything; ``broker_count`` 0 is the embedded bus, without Kafka."""

    copy_count: int = 2
    broker_count: int = 3


@dataclass(slots=True)
class Fleet:
    """``postgres`` may be another one by the end: a restore puts it in the first one's place."""

    root: Path
    shape: FleetShape
    postgres: EmbeddedPostgres = field(init=False)
    _redis: EmbeddedRedis = field(init=False)
    _kafka: EmbeddedKafka | None = field(init=False)
    _kept: dict[str, KeptProcess] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def __post_init__(self) -> None:
        data = DataDirectory(self.root / "data")
        count = self.shape.broker_count
        node_ids = tuple(range(1, count + 1))
        self.postgres = EmbeddedPostgres(data)
        self._kafka = (
            EmbeddedKafka(data, node_ids, JAR_CACHE, heap_megabytes=256) if count else None
        )
        self._redis = EmbeddedRedis(data, find_redis_engine(streams_needed=not count))

    @property
    def names(self) -> list[str]:
        """Every process of a role: ``api-1`` and so on."""
        return [f"{role}-{at}" for role in ROLES for at in range(1, self.shape.copy_count + 1)]

    @property
    def broker_names(self) -> list[str]:
        """Every broker."""
        if self._kafka is None:
            return []
        return [self._kafka.process_name(each) for each in self._kafka.node_ids]

    @property
    def bootstrap(self) -> str | None:
        """Where the brokers are."""
        return self._kafka.bootstrap if self._kafka else None

    def api_ports(self) -> dict[str, int]:
        """Where each API listens, by the name of its process."""
        return {name: self._port(name) for name in self.names if name.startswith("api-")}

    @property
    def environment(self) -> dict[str, str]:
        """What every role runs with."""
        kafka = {
            "ONSALE_BUS": "kafka",
            "ONSALE_KAFKA_BOOTSTRAP": self.bootstrap or "",
            "ONSALE_KAFKA_REPLICATION": str(min(3, self.shape.broker_count)),
        }
        return {
            "ONSALE_DATABASE_URL": self.postgres.url(DATABASE),
            "ONSALE_SEAT_STORE_URL": self._redis.url(),
            **(kafka if self._kafka else {"ONSALE_BUS": "redis"}),
            "ONSALE_TOKEN_SECRET": self._secret,
            "ONSALE_RATE_LIMITS": "off",
            # The receiver is here too.
            "ONSALE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            # Hashing passwords would only take the cores that the sale is to have.
            "ONSALE_BCRYPT_ROUNDS": "4",
        }

    async def start_stores(self) -> None:
        """Start PostgreSQL, the seat store and the brokers, all of them empty the first time."""
        for server in (self.postgres, self._redis, self._kafka):
            if server is not None:
                await asyncio.to_thread(server.prepare)
        brokers = self._kafka.processes() if self._kafka else []
        await asyncio.gather(
            *(
                self.kept(process.name).start(process)
                for process in (self.postgres.process(), self._redis.process(), *brokers)
            )
        )
        await self.postgres.ensure_database(DATABASE)

    async def start_roles(self, source: Path | None = None) -> None:
        """Start every process of every role, with the code in ``source`` if not this one's: of the
        roles that it has.
        """
        names = self.names
        if source is not None:
            known = {role for role in ROLES if await self._is_known(role, source)}
            names = [name for name in names if _role_of(name) in known]
        await asyncio.gather(
            *(self.kept(name).start(self.role_process(name, source)) for name in names)
        )

    async def stop_roles(self) -> None:
        """Stop them all in order."""
        await asyncio.gather(*(self.kept(name).stop() for name in self.names))

    async def stop(self) -> None:
        """Stop everything, the stores last."""
        await self.stop_roles()
        await asyncio.gather(*(each.stop() for each in self._kept.values()))

    def kept(self, name: str) -> KeptProcess:
        """The place of a process, whether or not something runs there."""
        return self._kept.setdefault(name, KeptProcess(self.root / "processes" / name))

    def role_process(self, name: str, source: Path | None = None) -> ManagedProcess:
        """A process of a role, from the code in ``source`` if not this one's."""
        role = _role_of(name)
        port = str(self._port(name))
        is_api = role == "api"
        return ManagedProcess(
            name=name,
            argv=[sys.executable, "-m", "onsale", *ROLES[role]],
            env={
                **_inherited(),
                **self.environment,
                **({"ONSALE_PORT": port} if is_api else {"ONSALE_METRICS_PORT": port}),
            },
            # ``-m`` looks in the working directory first.
            cwd=source,
            ready=partial(_answers, f"http://127.0.0.1:{port}/{'readyz' if is_api else 'metrics'}"),
            stop_timeout_seconds=STOP_SECONDS_MAX,
        )

    async def onsale(self, *command: str, source: Path | None = None) -> str:
        """Run an ``onsale`` command on these stores; what it printed.

        Raises:
            CommandFailedError: it says that something is wrong.
        """
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "onsale", *command],
            env={**_inherited(), **self.environment, "COLUMNS": "400"},
            cwd=source,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if run.returncode != 0:
            raise CommandFailedError(f"onsale {' '.join(command)}:\n{run.stdout}{run.stderr}")
        return run.stdout

    async def verify(self) -> tuple[bool, str]:
        """Run ``onsale verify``: whether it found nothing, and what it printed."""
        try:
            return True, await self.onsale("verify")
        except CommandFailedError as error:
            return False, str(error)

    def configure_postgres(self, settings: Mapping[str, str]) -> None:
        """Other settings for PostgreSQL, from its next start on."""
        self.postgres = replace(self.postgres, settings=settings)

    async def _is_known(self, role: str, source: Path) -> bool:
        try:
            await self.onsale(*ROLES[role], "--help", source=source)
        except CommandFailedError:
            return False
        return True

    def _port(self, name: str) -> int:
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]


@asynccontextmanager
async def fleet_in(root: Path, shape: FleetShape) -> AsyncIterator[Fleet]:
    """A fleet of which nothing runs yet, and nothing any more after the block."""
    fleet = Fleet(root, shape)
    try:
        yield fleet
    finally:
        await fleet.stop()


def _role_of(name: str) -> str:
    return name.rpartition("-")[0]


def _inherited() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("ONSALE_")}


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=_READY_SECONDS_MAX) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
