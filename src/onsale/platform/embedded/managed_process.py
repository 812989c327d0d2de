"""What the supervisor needs to know of a process, and what it tells about one."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


async def ready_at_once() -> bool:
    """The readiness check of a process that needs none."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedProcess:
    """A child process: how to run it, when it is ready, how it stops.

    ``ready`` is asked again and again until it returns true or ``ready_timeout_seconds`` have
    passed; it must answer by itself within a few seconds. ``before_start`` runs in a thread before
    each start, the first and every restart. ``user`` is the system user to become (only root can).
    ``parent_death_signal`` is what the kernel sends when the supervisor itself dies (Linux).
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    user: str | None = None
    ready: Callable[[], Awaitable[bool]] = ready_at_once
    ready_timeout_seconds: float = 60.0
    before_start: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_seconds: float = 10.0
    parent_death_signal: signal.Signals = signal.SIGKILL


class ProcessEventKind(Enum):
    """The moments in a process's life that a person at the console wants to know of."""

    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    NOT_READY = "not ready in time"
    STOPPING = "stopping"
    STOPPED = "stopped"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something happened to the process ``name``.

    ``detail`` reads as the end of a sentence, for example ``signal 9 (SIGKILL)`` after a death.
    ``restart_delay_seconds`` is set when the supervisor will start it again.
    """

    name: str
    kind: ProcessEventKind
    pid: int | None = None
    detail: str = ""
    restart_delay_seconds: float | None = None


def describe_exit(returncode: int) -> str:
    """``signal 9 (SIGKILL)`` or ``status 1``, from a return code as ``subprocess`` gives it."""
    if returncode >= 0:
        return f"status {returncode}"
    try:
        return f"signal {-returncode} ({signal.Signals(-returncode).name})"
    except ValueError:
        return f"signal {-returncode}"
