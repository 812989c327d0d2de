"""From rounds to figures, and from figures to the page."""

from collections import Counter
from pathlib import Path

import pytest

from storm.checker.violation import Verdict, Violation
from storm.faults import Strike
from storm.figures_page import write_figures
from storm.marked_page import BEGIN, END
from storm.plan import Fault, FaultKind
from storm.report import Figures, fault_rows, read_figures, role_of, summary
from storm.storm_round import RoundResult


def strike(victim: str, kind: FaultKind, recovery_seconds: float | None) -> Strike:
    recovered_at = None if recovery_seconds is None else 10.0 + recovery_seconds
    return Strike(Fault(1.0, kind, victim), 10.0, 10.0, recovered_at)


def round_result(
    *violations: Violation, pause_recovery: float | None = 1.0, answer_seconds: float = 0.5
) -> RoundResult:
    return RoundResult(
        number=1,
        seconds=30.0,
        rest_seconds=4.0,
        request_count=900,
        unanswered_count=7,
        accepted_count=300,
        answers=Counter({"book 202 ": 300}),
        statuses=Counter({"completed": 200, "cancelled": 100}),
        told=Counter({"msg_1": 1, "msg_2": 3}),
        strikes=[
            strike("ticketing-1", FaultKind.KILL, 2.0),
            strike("ticketing-2", FaultKind.KILL, 4.0),
            strike("kafka-1", FaultKind.PAUSE, pause_recovery),
        ],
        skipped=[],
        waits={"for an answer": answer_seconds},
        violations=violations,
    )


@pytest.fixture
def figures() -> Figures:
    counted = Figures(7, "redis", "make storm SEED=7", "2026-01-01T00:00:00+00:00")
    counted.add(round_result())
    counted.add(round_result())
    return counted


def test_rounds_add_up(figures: Figures) -> None:
    assert figures.is_clean
    assert (figures.rounds, figures.bookings, figures.fault_count) == (2, 600, 6)
    assert figures.statuses == {"cancelled": 200, "completed": 400}
    assert (figures.messages, figures.deliveries) == (4, 8)
    assert fault_rows(figures) == [
        ("kafka", "0", "2", "0", "1.0 s", "1.0 s"),
        ("ticketing", "4", "0", "0", "3.0 s", "4.0 s"),
    ]


def test_a_violation_is_counted_under_its_verdict_and_spoils_the_storm(figures: Figures) -> None:
    figures.add(round_result(Violation(Verdict.LOST, 2, "gone", (4,))))
    assert not figures.is_clean
    assert dict(summary(figures))["lost"] == "1"


def test_the_longest_wait_of_all_rounds_is_told(figures: Figures) -> None:
    for seconds in (7.25, 2.0):
        figures.add(round_result(answer_seconds=seconds))
    assert dict(summary(figures))["longest wait for an answer"] == "7.2 s"


def test_an_aborted_storm_is_not_clean(figures: Figures) -> None:
    figures.aborted = "the system has ended"
    assert not figures.is_clean


def test_a_storm_without_a_round_is_not_clean() -> None:
    assert not Figures(7, "redis", "make storm", "2026-01-01T00:00:00+00:00").is_clean


def test_a_fault_that_was_never_got_over_spoils_the_storm(figures: Figures) -> None:
    figures.add(round_result(pause_recovery=None))
    assert not figures.is_clean
    assert dict(summary(figures))["unrecovered"] == "1"


def test_an_empty_round_spoils_the_storm(figures: Figures) -> None:
    figures.add(round_result(Violation(Verdict.EMPTY, 0, "no booking was completed")))
    assert not figures.is_clean
    shown = dict(summary(figures))
    assert (shown["empty"], shown["unreadable or contradicting"]) == ("1", "0")


def test_copies_of_a_process_are_one_kind_of_victim() -> None:
    assert [role_of(name) for name in ("seat-reservation-2", "kafka-3", "api")] == [
        "seat-reservation",
        "kafka",
        "api",
    ]


def test_the_page_holds_the_figures_between_its_markers_alone(
    figures: Figures, tmp_path: Path
) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    figures.write(results)
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_figures(page, [read_figures(results)])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("| bookings accepted | 600 |") == 1


def test_a_page_without_markers_is_refused(figures: Figures, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing to replace\n")
    with pytest.raises(ValueError, match="no line"):
        write_figures(page, [figures])
