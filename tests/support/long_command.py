"""A command that takes minutes, run to its end or stopped in order."""

import subprocess
import sys

from storm.system import PROJECT


def run_module(*arguments: str, seconds_max: float) -> tuple[int, str]:
    """``python -m`` with these; its exit status and what it printed.

    Raises:
        subprocess.TimeoutExpired: it took too long, and was told to stop.
    """
    command = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed, _ = command.communicate(timeout=seconds_max)
    finally:
        if command.poll() is None:
            command.terminate()
            command.wait()
    return command.returncode, printed
