"""The log file of a child process: appended to by the child itself, bounded by the supervisor."""

import os
import shutil
from pathlib import Path

LOG_BYTES_MAX = 16 * 1024 * 1024
_TAIL_BYTES_MAX = 4096


class ProcessLog:
    """``<directory>/<name>.log`` and, once that is full, one older ``<name>.log.1``.

    The child writes to the file directly: it neither waits for a busy supervisor nor loses its
    last words when the supervisor dies.
    """

    def __init__(self, directory: Path, name: str, bytes_max: int = LOG_BYTES_MAX) -> None:
        self.path = directory / f"{name}.log"
        self._older = directory / f"{name}.log.1"
        self._bytes_max = bytes_max

    def open(self) -> int:
        """A file descriptor for the child's output, opened for appending; the caller closes it."""
        self.limit()
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def limit(self) -> None:
        """Move a file that is too long out of the way, without the child having to reopen it."""
        if not self.path.exists() or self.path.stat().st_size <= self._bytes_max:
            return
        # Lines written between these two calls are lost: the price of a child that knows nothing.
        shutil.copyfile(self.path, self._older)
        os.truncate(self.path, 0)

    def tail(self, line_count: int = 12) -> str:
        """The last lines, for an error message."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES_MAX))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-line_count:])
