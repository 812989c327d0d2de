"""One role as an operator runs it: a command, its environment, and what it writes."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.onsale_up import ONSALE, clean_environment

STOP_SECONDS_MAX = 30


@contextmanager
def running_role(log: Path, *command: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Where it logs; at the end of the block it is told to stop, and does so in order."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(ONSALE), *command],
            env={**clean_environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield log
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS_MAX) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()
