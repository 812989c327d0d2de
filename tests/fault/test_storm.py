"""A short storm, always the same one: the long ones are run with ``make storm``."""

import json
from pathlib import Path

import pytest

from tests.support.long_command import run_module

# Its faults meet every role, stores and brokers included, most of them with kill -9.
SEED = 160
STORM_SECONDS_MAX = 240.0


@pytest.mark.slow
@pytest.mark.timeout(STORM_SECONDS_MAX + 30)
def test_a_short_storm_finds_nothing() -> None:
    status, printed = run_module(
        *("storm", "run", "--seed", str(SEED), "--rounds", "1"),
        *("--bookings", "200", "--faults", "7", "--seconds", "75"),
        seconds_max=STORM_SECONDS_MAX,
    )
    # What was violated, where its history is, and the command to have it again.
    assert status == 0, printed
    results = next(line for line in printed.splitlines() if line.startswith("results: "))
    figures = json.loads(Path(results.removeprefix("results: ")).read_text())
    # Fewer than usual only where the machine is so slow that the time for buying ran out.
    assert figures["bookings"] >= 50
    assert sum(sum(kinds.values()) for kinds in figures["faults"].values()) >= 4
