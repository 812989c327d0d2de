"""A short storm, always the same one: the long ones are run with ``make storm``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storm.system import PROJECT

SEED = 20_26
STORM_SECONDS_MAX = 200.0


@pytest.mark.slow
@pytest.mark.timeout(STORM_SECONDS_MAX + 30)
def test_a_short_storm_finds_nothing() -> None:
    storm = subprocess.Popen(
        [
            *(sys.executable, "-m", "storm", "run", "--seed", str(SEED), "--rounds", "1"),
            *("--bookings", "250", "--faults", "9"),
        ],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed, _ = storm.communicate(timeout=STORM_SECONDS_MAX)
    finally:
        if storm.poll() is None:
            storm.terminate()
            storm.wait()
    # What was violated, where its history is, and the command to have it again.
    assert storm.returncode == 0, printed
    results = next(line for line in printed.splitlines() if line.startswith("results: "))
    figures = json.loads(Path(results.removeprefix("results: ")).read_text())
    assert figures["bookings"] >= 250
    assert sum(sum(kinds.values()) for kinds in figures["faults"].values()) == 9
