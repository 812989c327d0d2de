"""Tell a process from a later one that got the same number."""

import platform
import subprocess
from pathlib import Path

_LINUX = platform.system() == "Linux"
_START_TIME_FIELD = 22
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def process_identity(pid: int) -> str | None:
    """A text that names this very process for all time, or ``None`` if there is none to speak of.

    A zombie counts as none: it holds no resource and only waits for its parent.
    """
    if _LINUX:
        return _identity_from_proc(pid)
    shown = subprocess.run(
        ["ps", "-o", "lstart=,state=", "-p", str(pid)],  # noqa: S607 - where ps is differs
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return None if not shown or shown.split()[-1].startswith("Z") else shown.rsplit(None, 1)[0]


def command_line(pid: int) -> str:
    """The arguments of a process, separated by spaces; empty if there is no such process."""
    if _LINUX:
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 - where ps is differs
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()


def _identity_from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may itself hold spaces and ")".
    state, *fields = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    return f"{_BOOT_ID.read_text().strip()}:{fields[_START_TIME_FIELD - 4]}"
