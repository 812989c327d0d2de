"""A round in which nothing was sold proves nothing."""

import pytest

from storm.checker.violation import Verdict
from storm.faults import Strike
from storm.plan import Fault, FaultKind
from storm.worth import bookings_due, shortcomings

STRIKE = Strike(Fault(1.0, FaultKind.KILL, "api"), struck_at=10.0, over_at=10.0)


@pytest.mark.parametrize(
    ("asked_for", "seconds", "due"),
    [(100, 150.0, 50), (200, 150.0, 100), (700, 150.0, 150), (700, 20.0, 50), (20, 10.0, 20)],
)
def test_a_round_owes_half_of_its_bookings_if_the_time_was_there(
    asked_for: int, seconds: float, due: int
) -> None:
    assert bookings_due(asked_for, seconds) == due


def test_a_round_that_sold_and_recovered_lacks_nothing() -> None:
    recovered = Strike(STRIKE.fault, 10.0, 10.0, recovered_at=12.0)
    assert list(shortcomings(100, 100, {"completed": 1}, [recovered], let_in_count=1)) == []


def test_too_few_bookings_are_an_empty_round() -> None:
    assert verdicts(99, {"completed": 40}) == [Verdict.EMPTY]


def test_a_round_without_a_completed_booking_is_empty() -> None:
    assert verdicts(100, {"cancelled": 100}) == [Verdict.EMPTY]


def test_a_round_whose_doors_let_nobody_in_is_empty() -> None:
    assert verdicts(100, {"completed": 1}, let_in_count=0) == [Verdict.EMPTY]


def test_a_fault_that_was_never_got_over_is_reported() -> None:
    assert verdicts(100, {"completed": 1}, STRIKE) == [Verdict.UNRECOVERED]


def verdicts(
    accepted_count: int, statuses: dict[str, int], *strikes: Strike, let_in_count: int = 1
) -> list[Verdict]:
    found = shortcomings(accepted_count, 100, statuses, strikes, let_in_count=let_in_count)
    return [each.verdict for each in found]
