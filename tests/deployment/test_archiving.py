"""The command with which PostgreSQL archives its log, run by a shell as PostgreSQL runs it."""

import subprocess
from pathlib import Path

import pytest

from tests.support.deployment import PROJECT, compose_config, run_tool

COMMAND = PROJECT / "deploy" / "postgres" / "archive-segment"
SEGMENT = "000000010000000000000001"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The server's folder, from where the command is run, with a file to archive."""
    (tmp_path / "data" / "pg_wal").mkdir(parents=True)
    (tmp_path / "data" / "pg_wal" / SEGMENT).write_bytes(b"the segment")
    return tmp_path / "data"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive"
    path.mkdir()
    return path


def _archive(log: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    return run_tool("sh", COMMAND, f"pg_wal/{SEGMENT}", SEGMENT, archive, cwd=log)


def _kept(archive: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.iterdir()}


def test_a_new_file_is_kept(log: Path, archive: Path) -> None:
    assert _archive(log, archive).returncode == 0
    assert _kept(archive) == {SEGMENT: b"the segment"}


def test_a_file_that_is_kept_already_is_a_success(log: Path, archive: Path) -> None:
    assert _archive(log, archive).returncode == 0
    assert _archive(log, archive).returncode == 0
    assert _kept(archive) == {SEGMENT: b"the segment"}


@pytest.mark.parametrize("other", [b"another one", b"the seg", b""])
def test_another_file_of_that_name_stays_and_is_told(
    log: Path, archive: Path, other: bytes
) -> None:
    (archive / SEGMENT).write_bytes(other)
    run = _archive(log, archive)
    assert run.returncode == 1
    assert f"{SEGMENT} is there, and is another one" in run.stderr
    assert _kept(archive) == {SEGMENT: other}


def test_what_a_crash_left_of_it_is_written_over(log: Path, archive: Path) -> None:
    (archive / f"{SEGMENT}.part").write_bytes(b"the segment, and what was")
    assert _archive(log, archive).returncode == 0
    assert _kept(archive) == {SEGMENT: b"the segment"}


def test_without_the_archive_it_fails_and_leaves_nothing(log: Path, tmp_path: Path) -> None:
    assert _archive(log, tmp_path / "archive that is away").returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_it_is_on_the_disk_before_it_has_its_name(log: Path, archive: Path, tmp_path: Path) -> None:
    told, tools = tmp_path / "told", tmp_path / "tools"
    tools.mkdir()
    for tool in ("sync", "mv"):
        stand_in = tools / tool
        stand_in.write_text(
            f'#!/bin/sh\necho {tool} "$@" >> {told}\nPATH=/bin:/usr/bin exec {tool} "$@"\n'
        )
        stand_in.chmod(0o755)
    script = f'PATH="{tools}:$PATH" exec sh "$@"'
    arguments = ("archive", COMMAND, f"pg_wal/{SEGMENT}", SEGMENT, archive)
    assert run_tool("sh", "-c", script, *arguments, cwd=log).returncode == 0
    part, kept = archive / f"{SEGMENT}.part", archive / SEGMENT
    assert told.read_text().splitlines() == [
        f"sync {part}",
        f"mv {part} {kept}",
        f"sync {archive}",
    ]


def test_compose_archives_with_it_to_a_volume_of_its_own() -> None:
    services = compose_config(PROJECT / "compose.yaml")["services"]
    volumes = {each["target"]: each["source"] for each in services["postgres"]["volumes"]}
    (command,) = (each for each in services["postgres"]["command"] if "archive_command" in each)
    assert command == "-carchive_command=sh /etc/onsale/archive-segment %p %f /archive/log"
    assert Path(volumes["/etc/onsale"]) == COMMAND.parent
    assert volumes["/archive"] != volumes["/var/lib/postgresql"]
