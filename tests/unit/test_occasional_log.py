"""Recurring trouble in the log."""

from structlog.testing import capture_logs

from onsale.platform.message_queue.occasional_log import OccasionalLog


def test_trouble_is_said_at_once_then_once_an_interval_with_a_count_of_the_rest() -> None:
    now = 100.0
    log = OccasionalLog(interval_seconds=5.0, monotonic=lambda: now)
    with capture_logs() as entries:
        for now in (100.0, 101.0, 104.9, 105.0, 106.0, 111.0):
            log.warning("broker_away", at=now)
    assert [(entry["at"], entry["unsaid_count"]) for entry in entries] == [
        (100.0, 0),
        (105.0, 2),
        (111.0, 1),
    ]


def test_a_defect_is_an_error_and_counts_with_the_warnings() -> None:
    log = OccasionalLog(interval_seconds=5.0, monotonic=iter([100.0, 100.0, 101.0, 105.0]).__next__)
    with capture_logs() as entries:
        log.error("broken", job="load")
        log.warning("away")
        log.error("broken", job="load")
    assert [(entry["log_level"], entry["unsaid_count"]) for entry in entries] == [
        ("error", 0),
        ("error", 1),
    ]
    assert entries[0]["job"] == "load"
