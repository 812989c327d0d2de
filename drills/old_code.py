"""The code of an earlier revision, beside this one's."""

import io
import subprocess
import tarfile
from pathlib import Path

from drills.fleet import PROJECT

# Whoever ran the code of this schema may upgrade without a stop: see docs/upgrade.md.
OLDEST_SCHEMA = "0004"
_NEXT_MIGRATION = "src/onsale/migrations/versions/0005_admission.py"
GIT_SECONDS_MAX = 60


class NoSuchRevisionError(Exception):
    """The history here does not reach back to it, as in a shallow clone."""


def oldest_promised() -> str:
    """The last revision whose newest schema is ``OLDEST_SCHEMA``.

    Raises:
        NoSuchRevisionError: the history does not reach back so far.
    """
    added = _git("log", "--diff-filter=A", "--format=%H", "--", _NEXT_MIGRATION).decode().split()
    if not added or _parent(added[-1]) is None:
        raise NoSuchRevisionError("the history here does not reach back to the oldest schema")
    return str(_parent(added[-1]))


def unpack(revision: str, folder: Path) -> Path:
    """Put the package as it was into ``folder``; returns what its processes are started in.

    Raises:
        NoSuchRevisionError: there is no such revision here.
    """
    try:
        archive = _git("archive", "--format=tar", revision, "src/onsale")
    except subprocess.CalledProcessError as error:
        raise NoSuchRevisionError(error.stderr.decode(errors="replace").strip()) from error
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / "src"


def newest_schema(source: Path) -> str:
    """The revision to which the code there brings a database."""
    versions = source / "onsale" / "migrations" / "versions"
    return max(path.name.split("_")[0] for path in versions.glob("[0-9]*.py"))


def _parent(revision: str) -> str | None:
    try:
        return _git("rev-parse", "--verify", "--quiet", f"{revision}^").decode().strip()
    except subprocess.CalledProcessError:
        return None


def _git(*command: str) -> bytes:
    run = subprocess.run(
        ["git", "-C", str(PROJECT), *command],  # noqa: S607 - which git is the developer's to say
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT_SECONDS_MAX,
        check=True,
    )
    return run.stdout
