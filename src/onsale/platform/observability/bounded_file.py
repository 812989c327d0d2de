"""A file of lines that does not grow for ever, in a folder that does not fill for ever."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO

OLDER_SUFFIX = ".1"
FILE_COUNT_MAX = 32
"""In the folder; each process that ever ran has left one or two."""


class BoundedFile:
    """Text for ``path``; once that is full, it becomes the one older ``path.1``."""

    def __init__(self, path: Path, bytes_max: int, file_count_max: int = FILE_COUNT_MAX) -> None:
        """The folder is made if need be, and its oldest files are removed if they are too many."""
        self._path = path
        self._bytes_max = bytes_max
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _thin_out(path.parent, file_count_max - 1)
        self._file = self._open()

    def write(self, text: str) -> int:
        """Append whole lines."""
        if self._file.tell() + len(text) > self._bytes_max:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + OLDER_SUFFIX))
            self._file = self._open()
        return self._file.write(text)

    def flush(self) -> None:
        """Let others read what was written."""
        self._file.flush()

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def _open(self) -> TextIO:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return open(os.open(self._path, flags, 0o600), "a", encoding="utf-8")  # noqa: PTH123 - its owner's alone, and open until it is full


def _thin_out(folder: Path, count_max: int) -> None:
    found = []
    for path in folder.iterdir():
        # Another process may be at it too.
        with suppress(FileNotFoundError):
            found.append((path.stat().st_mtime, path))
    for _, path in sorted(found, reverse=True)[count_max:]:
        path.unlink(missing_ok=True)
