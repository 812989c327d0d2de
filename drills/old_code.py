"""The code of an earlier revision, beside this one's."""

import io
import subprocess
import tarfile
from pathlib import Path

from drills.fleet import PROJECT

# Where it is promised that running code lives with later migrations, and since when.
_PROMISE = "docs/upgrade.md"
GIT_SECONDS_MAX = 60


class NoSuchRevisionError(Exception):
    """It is not in the history here, as in a shallow clone."""


def oldest_promised() -> str:
    """The revision since which the promise stands; in a clone without its whole history, the oldest
    that is there.

    Raises:
        NoSuchRevisionError: there is no history.
    """
    try:
        added = _git("log", "--diff-filter=A", "--format=%H", "--", _PROMISE).decode().split()
    except subprocess.CalledProcessError as error:
        raise NoSuchRevisionError(error.stderr.decode(errors="replace").strip()) from error
    if not added:
        raise NoSuchRevisionError(f"no revision here has {_PROMISE}")
    return added[-1]


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


def _git(*command: str) -> bytes:
    run = subprocess.run(
        ["git", "-C", str(PROJECT), *command],  # noqa: S607 - which git is the developer's to say
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT_SECONDS_MAX,
        check=True,
    )
    return run.stdout
