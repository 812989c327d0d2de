"""Remember on disk which children run, so that the next start can end what was left behind."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from onsale.platform.embedded.exceptions import EmbeddedError
from onsale.platform.embedded.process_identity import process_identity

_POLL_SECONDS = 0.02
_KILL_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One running child; ``identity`` guards against its number being someone else's by now."""

    name: str
    pid: int
    identity: str
    stop_signal: int
    stop_timeout_seconds: float

    def write(self, directory: Path) -> None:
        """Store it as ``<name>.json``, in one step."""
        temporary = directory / f".{self.name}.json"
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(_path(directory, self.name))

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return process_identity(self.pid) == self.identity


def forget(directory: Path, name: str) -> None:
    """Remove the record of a process that has ended."""
    _path(directory, name).unlink(missing_ok=True)


def read_records(directory: Path) -> list[ProcessRecord]:
    """All records in ``directory``; a file that was cut short by a crash is dropped."""
    records = []
    for path in sorted(directory.glob("*.json")):
        try:
            records.append(ProcessRecord(**json.loads(path.read_text())))
        except (ValueError, TypeError):
            path.unlink(missing_ok=True)
    return records


def end_leftovers(directory: Path) -> list[str]:
    """End the children that an earlier supervisor left running; return their names.

    Blocks until they are gone: at most the stop timeout of each and five seconds more.

    Raises:
        EmbeddedError: one of them survived SIGKILL.
    """
    ended = []
    for record in read_records(directory):
        if record.is_alive():
            _end(record)
            ended.append(record.name)
        forget(directory, record.name)
    return ended


def _end(record: ProcessRecord) -> None:
    _signal(record.pid, record.stop_signal)
    if _wait_gone(record, record.stop_timeout_seconds):
        return
    _signal(record.pid, signal.SIGKILL)
    if not _wait_gone(record, _KILL_TIMEOUT_SECONDS):
        raise EmbeddedError(f"{record.name} (process {record.pid}) of an earlier run does not end")


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_gone(record: ProcessRecord, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while record.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.json"
