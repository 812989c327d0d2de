"""The clockwork of the ticketing worker while something is away."""

import asyncio
from dataclasses import fields
from typing import Any

from structlog.testing import capture_logs

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.driving_adapter.background.upkeep_jobs import UpkeepJobs
from tests.servers.waiting import eventually


class Away:
    """Anything that a job calls, with its dependency gone."""

    def __init__(self) -> None:
        self.call_count = 0

    async def execute(self) -> None:
        self.call_count += 1
        raise UnavailableError("postgresql", "refused")

    tidy = execute


async def test_jobs_that_all_wait_for_the_same_are_told_in_one_line() -> None:
    parts: dict[str, Any] = {field.name: Away() for field in fields(UpkeepJobs)}
    stop = asyncio.Event()
    with capture_logs() as entries:
        running = asyncio.create_task(UpkeepJobs(**parts).run(stop))
        await eventually(lambda: all(part.call_count for part in parts.values()))
        stop.set()
        await running
    assert [entry["event"] for entry in entries] == ["job_postponed"]
    assert entries[0]["error"] == "postgresql is unavailable: refused"
