"""A base backup and an archive of the write-ahead log, with PostgreSQL's own means."""

import asyncio
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.system_user import server_account

_DEPLOY = Path(__file__).parents[1] / "deploy" / "postgres"
# What operators archive and restore with, too.
ARCHIVE_SEGMENT = _DEPLOY / "archive-segment"
PUT_BACK = _DEPLOY / "put-back"
COMMAND_SECONDS_MAX = 600
ARCHIVED_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.1


class BackupError(Exception):
    """PostgreSQL's own program did not do its work, or the log is not archived."""


@dataclass(frozen=True, slots=True)
class Archive:
    """``log`` holds what was archived, ``base`` the backup that it continues."""

    folder: Path

    @property
    def log(self) -> Path:
        """Segments of the write-ahead log, whole ones only."""
        return self.folder / "log"

    @property
    def base(self) -> Path:
        """The base backup."""
        return self.folder / "base"

    @property
    def _command(self) -> Path:
        return self.folder / ARCHIVE_SEGMENT.name

    def prepare(self) -> None:
        """Make the folders, for the account that the server runs as, and put its command there: it
        may not be let into the project's folder.
        """
        account = server_account()
        for path in (self.folder, self.log):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if account is not None:
                os.chown(path, account.pw_uid, account.pw_gid)
        shutil.copyfile(ARCHIVE_SEGMENT, self._command)
        self._command.chmod(0o644)

    def archiving(self) -> Mapping[str, str]:
        """What the server is started with, from the first on."""
        return {
            "archive_mode": "on",
            "archive_command": f"sh {self._command} %p %f {self.log}",
            "archive_timeout": "60",
        }

    async def back_up(self, postgres: EmbeddedPostgres) -> None:
        """Make the base backup, while the server serves.

        Raises:
            BackupError: ``pg_basebackup`` says why it cannot.
        """
        # Its sister pg_verifybackup cannot be run: the one in the wheel ends at once.
        binaries = Path(postgres.process().argv[0]).parent
        parts = urlsplit(postgres.url())
        asked = parse_qs(parts.query)
        await _run(
            *(binaries / "pg_basebackup", "--pgdata", self.base, "--checkpoint=fast"),
            *("--host", asked["host"][0], "--port", asked["port"][0]),
            *("--username", parts.username or "", "--no-password"),
            account=server_account(),
        )

    async def archive_up_to_now(self, connection: asyncpg.Connection) -> None:
        """Return once everything that was committed so far is archived.

        Raises:
            BackupError: that takes too long.
        """
        segment = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
        await connection.execute("SELECT pg_switch_wal()")
        deadline = time.monotonic() + ARCHIVED_SECONDS_MAX
        while not (self.log / segment).exists():
            if time.monotonic() > deadline:
                raise BackupError(f"{segment} is not archived")
            await asyncio.sleep(_POLL_SECONDS)

    async def put_back(self, postgres: EmbeddedPostgres, point: datetime) -> None:
        """Put the base backup where the server's data was. At its next start it becomes what it was
        at that time.
        """
        # As who runs this: the folder above the data is not the server's to write.
        await _run("sh", PUT_BACK, self.base, self.log, postgres.data, point.isoformat())


async def recovered(postgres: EmbeddedPostgres) -> None:
    """Return once the server has recovered and takes writes.

    Raises:
        BackupError: that takes too long.
    """
    deadline = time.monotonic() + COMMAND_SECONDS_MAX
    connection = await asyncpg.connect(postgres.url())
    try:
        while await connection.fetchval("SELECT pg_is_in_recovery()"):
            if time.monotonic() > deadline:
                raise BackupError("the server does not come to the end of its recovery")
            await asyncio.sleep(_POLL_SECONDS)
    finally:
        await connection.close()


async def _run(*command: str | Path, account: pwd.struct_passwd | None = None) -> None:
    run = await asyncio.to_thread(
        subprocess.run,
        [str(each) for each in command],
        user=account.pw_uid if account is not None else None,
        group=account.pw_gid if account is not None else None,
        extra_groups=[] if account is not None else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    if run.returncode != 0:
        raise BackupError(f"{Path(str(command[0])).name}: {run.stderr.strip()}")
