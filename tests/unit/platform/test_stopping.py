"""Tasks and processes that are told to end do end, also those that miss it the first time."""

import asyncio
import subprocess
import sys

import pytest

from onsale.platform.stopping import EXIT_STATUS
from onsale.platform.tasks import end

PROCESS_SECONDS_MAX = 30.0

STUBBORN = """
import asyncio
from onsale.platform.stopping import stopping_for_certain

async def role() -> None:
    stop = asyncio.Event()
    with stopping_for_certain(stop, seconds_max=0.1):
        stop.set()
        {role}

asyncio.run(role())
"""


async def miss(cancellations: int) -> str:
    """Goes on after being cancelled so often, as a library may."""
    for _ in range(cancellations):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()
    return "never"


@pytest.mark.parametrize("missed", [0, 1, 2])
async def test_a_task_that_misses_its_cancellation_is_ended_all_the_same(missed: int) -> None:
    task = asyncio.create_task(miss(missed))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(task)
    assert task.cancelled()


async def test_ending_waits_for_what_a_task_does_on_its_way_out() -> None:
    left = asyncio.Event()

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            left.set()

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await end(task)
    assert left.is_set()


async def test_an_error_of_an_ended_task_is_its_own() -> None:
    async def fail() -> None:
        raise LookupError

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await end(task)
    assert isinstance(task.exception(), LookupError)


def run_role(role: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STUBBORN.format(role=role)],
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize(
    "role",
    ["await asyncio.Event().wait()", "import time; await asyncio.sleep(0.05); time.sleep(60)"],
)
def test_a_role_that_does_not_stop_is_ended_and_says_what_it_was_at(role: str) -> None:
    run = run_role(role)
    assert run.returncode == EXIT_STATUS
    assert "role_did_not_stop" in run.stdout + run.stderr
    assert "role" in run.stdout + run.stderr


def test_a_role_that_stops_in_time_is_left_alone() -> None:
    run = run_role("await asyncio.sleep(0)")
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
