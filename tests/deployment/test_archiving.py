"""What PostgreSQL archives its log with and is restored with, run by a shell as in earnest."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.deployment import PROJECT, compose_config, run_tool

PUT_BACK = PROJECT / "deploy" / "postgres" / "put-back"
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


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base" / "2026-11-25"
    path.mkdir(parents=True)
    (path / "backup_label").write_text("")
    (path / "postgresql.auto.conf").write_text("work_mem = '8MB'\n")
    return path


def _put_back(base: Path, data: Path, *time: str) -> subprocess.CompletedProcess[str]:
    return run_tool("sh", PUT_BACK, base, "/archive/log", data, *time)


def test_a_base_backup_takes_the_place_of_the_data_which_is_put_aside(
    log: Path, base: Path
) -> None:
    assert _put_back(base, log, "2026-11-25 20:15:00+00").returncode == 0
    assert (log / "recovery.signal").exists()
    assert (log / "postgresql.auto.conf").read_text().splitlines() == [
        "work_mem = '8MB'",
        'restore_command = \'cp "/archive/log/%f" "%p"\'',
        "recovery_target_action = 'promote'",
        "recovery_target_time = '2026-11-25 20:15:00+00'",
    ]
    assert (log.with_name("data.lost") / "pg_wal" / SEGMENT).exists()
    assert (base / "postgresql.auto.conf").read_text() == "work_mem = '8MB'\n"


def test_it_can_be_put_on_an_empty_disk_and_brought_to_the_end(tmp_path: Path, base: Path) -> None:
    data = tmp_path / "new" / "18" / "docker"
    assert _put_back(base, data).returncode == 0
    assert "recovery_target_time = ''" in (data / "postgresql.auto.conf").read_text()


def test_what_is_no_base_backup_replaces_nothing(log: Path, archive: Path) -> None:
    run = _put_back(archive, log)
    assert (run.returncode, run.stderr) == (1, f"put-back: {archive} is no base backup\n")
    assert (log / "pg_wal" / SEGMENT).exists()


def test_what_was_put_aside_before_stays(log: Path, base: Path) -> None:
    log.with_name("data.lost").mkdir()
    run = _put_back(base, log)
    assert (run.returncode, run.stderr) == (1, f"put-back: {log}.lost is there from before\n")
    assert (log / "pg_wal" / SEGMENT).exists()


def test_the_document_stops_every_role_and_names_files_that_are_there() -> None:
    text = (PROJECT / "docs" / "backup.md").read_text()
    services = compose_config(PROJECT / "compose.yaml")["services"]
    (stopped,) = re.findall(r"docker compose stop (proxy .*)", text)
    roles = {name for name in services if name.startswith(("api", "worker-"))}
    assert set(stopped.split()) == {"proxy", *roles}
    named = set(re.findall(r"/etc/onsale/([\w.-]+)", text)) - {"settings.env", "secrets"}
    assert named == {"put-back", "after-restore.sql"}
    assert all((COMMAND.parent / each).is_file() for each in named)
