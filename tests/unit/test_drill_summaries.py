"""What drills say of what they have shown, and when they fail."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from drills.judged import Judged
from drills.told import tell_judged, tell_upgraded
from drills.upgrading import Phase, Upgraded
from storm.checker.violation import Verdict, Violation


def _printed(judged: Judged, tell: Callable[[Judged, Console], bool]) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=200)
    is_well = tell(judged, console)
    assert isinstance(console.file, io.StringIO)
    return is_well, console.file.getvalue()


JUDGED = Judged(
    accepted_count=3,
    told_count=None,
    statuses={"completed": 3},
    gaps={},
    unanswered_count=0,
    verify_output="all is well",
    violations=(),
)


@pytest.mark.parametrize(("count", "told"), [(None, "not judged"), (0, "0"), (1234, "1,234")])
def test_what_was_not_listened_to_is_not_told_as_nothing(count: int | None, told: str) -> None:
    is_well, printed = _printed(replace(JUDGED, told_count=count), tell_judged)
    assert is_well
    assert f"messages to the seller's webhook: {told}" in printed


def test_a_violation_fails_the_drill() -> None:
    violation = Violation(Verdict.LOST, 1, "booking 1 is gone")
    is_well, printed = _printed(replace(JUDGED, violations=(violation,)), tell_judged)
    assert not is_well
    assert "booking 1 is gone" in printed


@pytest.mark.parametrize("old_count", [1, 0])
def test_code_that_ran_and_sold_nothing_fails_an_upgrade(old_count: int) -> None:
    phases = (Phase("both", 1.0, {"old": old_count, "new": 3}), Phase("new", 1.0, {"new": 3}))
    upgraded = Upgraded("abc", "0001", "0002", phases, JUDGED)
    assert _printed(JUDGED, lambda _, out: tell_upgraded(upgraded, out))[0] is bool(old_count)
