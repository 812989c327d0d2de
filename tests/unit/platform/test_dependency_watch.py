"""A watch notices a stall, says so at once to everybody, and notices its end."""

import asyncio

import pytest

from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError
from tests.servers.waiting import eventually
from tests.support.tasks import background

LOOKS_MAX = 100


class Dependency:
    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None
        self.asked_count = 0

    async def ask(self) -> None:
        self.asked_count += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


@pytest.fixture
def watch(dependency: Dependency) -> DependencyWatch:
    return DependencyWatch("postgresql", dependency.ask, answer_seconds_max=0.02)


async def test_a_stall_is_noticed_and_so_is_its_end(
    dependency: Dependency, watch: DependencyWatch
) -> None:
    watch.require()
    async with background(watch.run()):
        dependency.may_answer.clear()
        await eventually(lambda: watch.is_stalled)
        with pytest.raises(UnavailableError, match="postgresql"):
            watch.require()
        dependency.may_answer.set()
        await eventually(lambda: not watch.is_stalled)
    watch.require()


async def test_one_late_answer_is_no_stall(dependency: Dependency, watch: DependencyWatch) -> None:
    dependency.may_answer.clear()
    await watch.look()
    assert not watch.is_stalled
    dependency.may_answer.set()
    await watch.look()
    dependency.may_answer.clear()
    await watch.look()
    assert not watch.is_stalled
    await watch.look()
    assert watch.is_stalled


@pytest.mark.parametrize("error", [UnavailableError("postgresql"), ConnectionRefusedError()])
async def test_whoever_is_refused_finds_out_at_once_and_needs_no_watch(
    dependency: Dependency, watch: DependencyWatch, error: Exception
) -> None:
    dependency.error = error
    for _ in range(5):
        await watch.look()
    assert not watch.is_stalled


async def test_long_work_is_given_up_when_its_store_stands_still(
    dependency: Dependency, watch: DependencyWatch
) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with background(watch.run()):
        dependency.may_answer.clear()
        with pytest.raises(UnavailableError):
            await watch.unless_stalled(work())
    assert ended.is_set()


async def test_work_that_ends_by_itself_is_left_alone(watch: DependencyWatch) -> None:
    async def succeed() -> int:
        return 1

    async def fail() -> None:
        raise LookupError

    assert await watch.unless_stalled(succeed()) == 1
    with pytest.raises(LookupError):
        await watch.unless_stalled(fail())


async def test_a_question_that_is_given_up_counts_however_it_ends() -> None:
    async def ask() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise UnavailableError("postgresql", "the connection was cut") from None

    watch = DependencyWatch("postgresql", ask, answer_seconds_max=0.02)
    # More than twice: on a busy machine a time-out may pass for the fault of this process.
    for _ in range(LOOKS_MAX):
        await watch.look()
        if watch.is_stalled:
            return
    pytest.fail("it never counted as standing still")


async def test_who_waits_is_told_when_it_begins_to_stand_still(
    dependency: Dependency, watch: DependencyWatch
) -> None:
    told: list[bool] = []
    watch.when_stalled(lambda: told.append(watch.is_stalled))
    dependency.may_answer.clear()
    for _ in range(4):
        await watch.look()
    assert told == [True]
