"""PostgreSQL as a child: durable, private, and able to start after whatever ended it."""

import asyncio
import os
import signal
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import IncompatibleDataError
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.process_identity import process_identity
from onsale.platform.embedded.supervisor import Supervisor
from tests.servers.waiting import eventually


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "data")


@pytest.fixture
def postgres(directory: DataDirectory) -> EmbeddedPostgres:
    server = EmbeddedPostgres(directory)
    server.prepare()
    return server


@pytest.fixture
async def supervisor(
    directory: DataDirectory, postgres: EmbeddedPostgres
) -> AsyncIterator[Supervisor]:
    async with Supervisor(directory) as supervisor:
        await supervisor.start(postgres.process())
        yield supervisor


async def fetch(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_committed_rows_survive_kill_9_of_the_server(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await postgres.ensure_database("onsale")
    connection = await asyncpg.connect(postgres.url("onsale"))
    await connection.execute("CREATE TABLE seat (id int)")
    await connection.execute("INSERT INTO seat SELECT generate_series(1, 1000)")
    killed = supervisor.pid("postgres")
    supervisor.signal("postgres", signal.SIGKILL)
    connection.terminate()
    await eventually(lambda: supervisor.pid("postgres") not in {None, killed})
    await eventually(postgres.is_ready)
    assert await fetch(postgres.url("onsale"), "SELECT count(*) FROM seat") == 1000


async def test_the_server_returns_while_backends_of_the_killed_one_are_still_busy(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    connection = await asyncpg.connect(postgres.url())
    backend = connection.get_server_pid()
    # Holds the processor, so it does not look whether its server still lives.
    busy = asyncio.ensure_future(
        connection.execute("SELECT count(*) FROM generate_series(1, 8000000)")
    )
    await eventually(lambda: _is_busy(backend))
    killed = supervisor.pid("postgres")
    supervisor.signal("postgres", signal.SIGKILL)
    await eventually(lambda: supervisor.pid("postgres") not in {None, killed})
    await eventually(postgres.is_ready, timeout_seconds=30)
    assert process_identity(backend) is None
    connection.terminate()
    await asyncio.gather(busy, return_exceptions=True)


async def test_data_is_kept_from_one_start_to_the_next(
    directory: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    async with Supervisor(directory) as supervisor:
        await supervisor.start(postgres.process())
        await postgres.ensure_database("onsale")
        await fetch(postgres.url("onsale"), "CREATE TABLE kept ()")
    again = EmbeddedPostgres(DataDirectory(directory.path))
    again.prepare()
    async with Supervisor(directory) as supervisor:
        await supervisor.start(again.process())
        await again.ensure_database("onsale")
        assert await fetch(again.url("onsale"), "SELECT count(*) FROM kept") == 0


async def test_a_number_of_the_last_life_that_now_is_somebody_else_does_not_block_the_start(
    directory: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    async with Supervisor(directory) as supervisor:
        await supervisor.start(postgres.process())
        lines = (postgres.data / "postmaster.pid").read_text().splitlines(keepends=True)
    # Runs as the server's own user: of anyone else's process PostgreSQL knows it is no server.
    user = postgres.process().user
    other = await asyncio.create_subprocess_exec("/bin/sleep", "600", user=user)
    lines[0] = f"{other.pid}\n"
    stale = postgres.data / "postmaster.pid"
    stale.write_text("".join(lines))
    owner = postgres.data.stat()
    os.chown(stale, owner.st_uid, owner.st_gid)
    async with Supervisor(directory) as supervisor:
        await supervisor.start(postgres.process())
        assert await postgres.is_ready()
    other.kill()
    await other.wait()


async def test_only_the_owner_can_reach_it(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    sockets = Path(parse_qs(urlsplit(postgres.url()).query)["host"][0])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert await fetch(postgres.url(), "SHOW listen_addresses") == ""
    for promise in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await fetch(postgres.url(), f"SHOW {promise}") == "on"


async def test_its_url_serves_sqlalchemy_as_well(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    url = postgres.url().replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 'é' < 'z'"))).scalar() is False
    await engine.dispose()


async def test_a_data_directory_with_a_very_long_path_works(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / ("deep" * 30) / "with a space")
    postgres = EmbeddedPostgres(directory)
    postgres.prepare()
    async with Supervisor(directory) as supervisor:
        await supervisor.start(postgres.process())
        assert await fetch(postgres.url(), "SELECT 1") == 1
        sockets = Path(parse_qs(urlsplit(postgres.url()).query)["host"][0])
        assert sockets.parent == Path(tempfile.gettempdir())
    assert not sockets.exists()


def test_data_of_another_major_version_is_refused(postgres: EmbeddedPostgres) -> None:
    (postgres.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(IncompatibleDataError, match="is of PostgreSQL 15"):
        postgres.prepare()


def test_a_cluster_that_was_cut_short_is_made_again(directory: DataDirectory) -> None:
    directory.path.mkdir()
    half = directory.path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(directory)
    server.prepare()
    assert (server.data / "global" / "pg_control").exists()
    assert not half.exists()


def _is_busy(pid: int) -> bool:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) > 5
