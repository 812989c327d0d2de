"""Jars by Maven coordinates, each checked against a checksum that is part of this package."""

import contextlib
import fcntl
import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from onsale.platform.embedded.exceptions import MissingComponentError

KAFKA_LOCK = Path(__file__).with_name("kafka_jars.lock")
_DOWNLOAD_COUNT_MAX = 6
_REQUEST_TIMEOUT_SECONDS = 30
_ATTEMPT_COUNT_MAX = 3


@dataclass(frozen=True, slots=True)
class LockedJar:
    """A jar, ``group:artifact:version``, and the SHA-256 that its bytes must have."""

    coordinates: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Its place in a Maven repository on disk."""
        group, artifact, version = self.coordinates.split(":")
        return repository.joinpath(
            *group.split("."), artifact, version, f"{artifact}-{version}.jar"
        )

    def is_intact(self, repository: Path) -> bool:
        """Whether it is there with exactly the locked bytes."""
        path = self.path(repository)
        return path.is_file() and _sha256(path) == self.sha256


def read_lock(lock: Path = KAFKA_LOCK) -> list[LockedJar]:
    """The jars of a lock file: a line each, coordinates and checksum, ``#`` begins a comment."""
    lines = (line.split("#")[0].split() for line in lock.read_text().splitlines())
    return [LockedJar(coordinates, sha256) for coordinates, sha256 in filter(None, lines)]


def resolve_jars(cache: Path, lock: Path = KAFKA_LOCK) -> list[Path]:
    """The paths of all locked jars, fetched into ``cache`` where missing or damaged.

    Blocks: a few seconds the first time, a tenth of one later. Several processes may do it at the
    same time; one fetches, the others wait for it.

    Raises:
        MissingComponentError: a jar could not be fetched, or is not what was locked.
    """
    repository = cache / "maven"
    repository.mkdir(parents=True, exist_ok=True)
    jars = read_lock(lock)
    with _exclusive(repository / ".lock"):
        missing = [jar for jar in jars if not jar.is_intact(repository)]
        if missing:
            with ThreadPoolExecutor(_DOWNLOAD_COUNT_MAX) as pool:
                list(pool.map(lambda jar: _fetch(jar, repository), missing))
    return [jar.path(repository) for jar in jars]


def _fetch(jar: LockedJar, repository: Path) -> None:
    try:
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - optional extra
    except ImportError:
        raise MissingComponentError(
            f"{jar.coordinates} is missing and cannot be fetched: install onsale[embedded]"
        ) from None
    # It announces mismatches with checksums from the same place as the jar; ours decides.
    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = MavenContext(
        repo_cache=repository, resolver=PythonResolver(), timeout=_REQUEST_TIMEOUT_SECONDS
    )
    reason = "its bytes are not those that were locked"
    for _ in range(_ATTEMPT_COUNT_MAX):
        jar.path(repository).unlink(missing_ok=True)
        try:
            context.create_dependency(jar.coordinates).artifact.resolve()
        # The resolver has no exception of its own: RuntimeError if not found, OSError (of which
        # those of its HTTP library are) for the network.
        except (OSError, RuntimeError) as error:
            reason = str(error)
        if jar.is_intact(repository):
            return
    raise MissingComponentError(f"cannot fetch {jar.coordinates} from a Maven repository: {reason}")


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
