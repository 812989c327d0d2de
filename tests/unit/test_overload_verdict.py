"""What `make overload` says in its last line, and ends with."""

import pytest

from benchmarks.overload import judge


@pytest.mark.parametrize(
    ("late_count", "client_late_seconds", "status", "verdict"),
    [
        (0, 0.5, 0, "passed: every answer came within 2 s"),
        (1_115, 0.1, 1, "FAILED: 1,115 answers came later than 2 s"),
        (1_115, 0.6, 2, "inconclusive: this client itself was held up, by 0.600 s"),
        (0, 0.6, 2, "inconclusive: this client itself was held up"),
    ],
)
def test_a_trial_ends_with_a_verdict(
    late_count: int, client_late_seconds: float, status: int, verdict: str
) -> None:
    found = judge(late_count=late_count, client_late_seconds=client_late_seconds)
    assert found[0] == status
    assert found[1].startswith(verdict)
