"""Faults that were survived, in the log."""

import asyncpg
from structlog.testing import capture_logs

from onsale.platform.exceptions import UnavailableError
from onsale.platform.observability.fault_log import FaultLog


def test_of_a_row_that_was_refused_nothing_is_told_but_why() -> None:
    refused = asyncpg.CheckViolationError("violates check constraint")
    refused.detail = "Failing row contains (private.person@example.test)."
    assert "private.person" in str(refused)
    with capture_logs() as entries:
        FaultLog()(refused)
    (entry,) = entries
    assert entry["error_type"] == "CheckViolationError"
    assert entry["error"] == "sqlstate 23514"


def test_a_dependency_that_stays_away_is_told_once_and_does_not_hide_another_fault() -> None:
    survived = FaultLog()
    with capture_logs() as entries:
        for _ in range(100):
            survived(UnavailableError("postgresql", "refused"))
            survived(UnavailableError("seat-store", "refused"))
            survived(ValueError("odd"))
    assert [(entry["event"], entry["error"]) for entry in entries] == [
        ("fault_survived", "postgresql is unavailable: refused"),
        ("fault_survived", "seat-store is unavailable: refused"),
        ("fault_survived", "odd"),
    ]
