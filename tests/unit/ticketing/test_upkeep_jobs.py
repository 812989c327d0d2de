"""The clockwork of the ticketing worker while something is away."""

import asyncio
from dataclasses import fields
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.driven_adapter.metrics.upkeep_meter import UpkeepMeter
from onsale.service.ticketing.driving_adapter.background import repeating
from onsale.service.ticketing.driving_adapter.background.repeating import (
    DONE,
    FAILED,
    OUTCOMES,
    POSTPONED,
)
from onsale.service.ticketing.driving_adapter.background.upkeep_jobs import UpkeepJobs
from tests.servers.waiting import eventually


class Failing:
    """Anything that a job calls, and what it raises each time."""

    def __init__(self, error: Exception) -> None:
        self.call_count = 0
        self._error = error

    async def execute(self) -> None:
        self.call_count += 1
        raise self._error

    tidy = execute


def failing_jobs(error: Exception) -> dict[str, Any]:
    names = {field.name for field in fields(UpkeepJobs)} - {"on_run"}
    return {name: Failing(error) for name in names}


async def test_jobs_that_all_wait_for_the_same_are_told_in_one_line() -> None:
    parts = failing_jobs(UnavailableError("postgresql", "refused"))
    stop, registry = asyncio.Event(), CollectorRegistry()
    meter = UpkeepMeter(registry, OUTCOMES)
    with capture_logs() as entries:
        running = asyncio.create_task(UpkeepJobs(**parts, on_run=meter.job_ran).run(stop))
        await eventually(lambda: all(part.call_count for part in parts.values()))
        stop.set()
        await running
    assert [entry["event"] for entry in entries] == ["job_postponed"]
    assert entries[0]["error"] == "postgresql is unavailable: refused"
    for outcome, count in ((DONE, 0), (POSTPONED, 1), (FAILED, 0)):
        labels = {"task": "tidy", "outcome": outcome}
        assert registry.get_sample_value("onsale_upkeep_runs_total", labels) == count


async def test_each_job_that_is_broken_is_told_with_its_traceback_and_not_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeating, "PAUSE_AFTER_FAULT_SECONDS", 0.0)
    defect = ZeroDivisionError()
    parts = failing_jobs(defect)
    stop = asyncio.Event()
    with capture_logs() as entries:
        running = asyncio.create_task(UpkeepJobs(**parts).run(stop))
        await eventually(lambda: all(part.call_count for part in parts.values()))
        await eventually(lambda: parts["load_owing_events"].call_count > 5)
        stop.set()
        await running
    assert {entry["event"] for entry in entries} == {"job_failed"}
    assert {entry["job"] for entry in entries} >= {part for part in parts if part != "upkeep"}
    assert all(entry["exc_info"] is defect for entry in entries)
    told = [entry for entry in entries if entry["job"] == "load_owing_events"]
    assert len(told) < parts["load_owing_events"].call_count
