"""The directory in which an embedded system keeps everything: data, logs, records, sockets."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from onsale.platform.embedded.exceptions import (
    DataDirectoryInUseError,
    EmbeddedError,
    UnfitDirectoryError,
)

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, terminator included.
_SOCKET_PATH_BYTES_MAX = 100
# PostgreSQL's file name is the longest; its lock file beside it is no socket.
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
_LOCK = "lock"


class DataDirectory:
    """Layout and lock of one data directory.

    The lock is the kernel's (``flock``): it ends with the process that holds it, however that dies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock_descriptor: int | None = None
        self._outside: set[Path] = set()
        self._new: list[Path] = []

    @property
    def logs(self) -> Path:
        """Log files of the children."""
        return self._made("logs")

    @property
    def records(self) -> Path:
        """Records of the running children."""
        return self._made("run")

    @property
    def cache(self) -> Path:
        """What can be fetched again."""
        return self._made("cache")

    def sub(self, name: str) -> Path:
        """The directory of one server; not created."""
        return self.path / name

    def socket_directory(self, name: str, owner_uid: int | None = None) -> Path:
        """A directory for Unix sockets that only its owner can enter; created if missing.

        Inside the data directory where the path is short enough, else below the system's
        directory for temporary files. The owner is this process's user unless given.

        Raises:
            EmbeddedError: no short enough place, or someone else has taken it.
        """
        inside = self.path / "run" / name
        if _fits(inside):
            self._made("run")
            return _private_directory(inside, owner_uid)
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        outside = Path(tempfile.gettempdir()) / f"onsale-{os.getuid()}-{digest}-{name}"
        if not _fits(outside):
            raise EmbeddedError(f"the paths {inside} and {outside} are too long for a socket")
        self._outside.add(outside)
        return _private_directory(outside, owner_uid)

    def acquire(self) -> None:
        """Create the directory and take its lock; what is created and stays empty goes again with
        ``release``.

        Raises:
            DataDirectoryInUseError: another process holds it.
            UnfitDirectoryError: nothing can be kept there.
        """
        self._new = [each for each in (self.path, *self.path.parents) if not each.exists()]
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnfitDirectoryError(
                f"{self.path} cannot be a data directory ({error.strerror}); choose another:"
                " DATA=/some/folder make run, or onsale up --data /some/folder"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise DataDirectoryInUseError(
                f"{self.path} is in use by another onsale (process {holder}); "
                "stop that one or choose another data directory"
            ) from None
        if not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            raise DataDirectoryInUseError(
                f"{self.path} was being removed by another onsale, whose start failed; try again"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock_descriptor = descriptor

    def release(self) -> None:
        """Remove what lies outside and give the lock back; harmless when it is not held."""
        if self._lock_descriptor is not None:
            for path in self._outside:
                shutil.rmtree(path, ignore_errors=True)
            self._remove_if_unused()
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _remove_if_unused(self) -> None:
        """Leave no trace of a start that failed before there was anything to keep."""
        if self.path not in self._new:
            return
        lock, found = self.path / _LOCK, sorted(self.path.rglob("*"), reverse=True)
        folders = [each for each in found if each.is_dir() and not each.is_symlink()]
        if {*found} - {*folders} != {lock}:
            return
        with suppress(OSError):  # somebody else has put something there
            lock.unlink()
            for each in (*folders, *self._new):
                each.rmdir()

    def _made(self, name: str) -> Path:
        path = self.path / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _LONGEST_SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX


def _private_directory(path: Path, owner_uid: int | None) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    # Below a world-writable directory somebody else could have been first.
    if path.is_symlink() or path.lstat().st_uid not in {os.geteuid(), owner_uid}:
        raise EmbeddedError(f"{path} belongs to somebody else")
    path.chmod(0o700)
    if owner_uid is not None:
        os.chown(path, owner_uid, -1)
    return path
