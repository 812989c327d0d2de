"""The benchmark runs and finds the system in order; how fast it is, no test judges."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.protocol import PROJECT

BENCHMARK_SECONDS_MAX = 600.0
MEASURES = {str(number) for number in range(1, 13)}


@pytest.mark.slow
@pytest.mark.timeout(BENCHMARK_SECONDS_MAX + 30)
def test_every_measure_of_the_benchmark_runs(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "run", "--quick", "--bus", "redis"),
            *("--results", tmp_path),
        ],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BENCHMARK_SECONDS_MAX,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (results,) = tmp_path.glob("*.json")
    found = json.loads(results.read_text())
    assert not found["failures"]
    assert {figure["measure"] for figure in found["figures"]} == MEASURES
    assert found["verified"]
    assert all(" 0 differences" in line for line in found["verified"]), found["verified"]
    pictures = list(tmp_path.glob("*/*.png"))
    assert pictures
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
