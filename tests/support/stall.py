"""One part of a running system stands still, with all its processes, and later goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from tests.support.onsale_up import OnsaleUp

SAMPLE_SECONDS = 0.25
_MEGABYTE = 1_000_000


@contextmanager
def stalled(system: OnsaleUp, name: str) -> Iterator[None]:
    """Within the block the process ``name`` and those below it are stopped. PostgreSQL has one for
    each connection, which would go on by itself.
    """
    pid = system.pid(name)
    assert pid is not None, f"{name} does not run"
    # The parent first: it would start new ones.
    family = [psutil.Process(pid)]
    family[0].suspend()
    family += family[0].children(recursive=True)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.suspend()
    try:
        yield
    finally:
        for each in reversed(family):
            with suppress(psutil.NoSuchProcess):
                each.resume()


@dataclass(slots=True)
class Memory:
    """Resident megabytes of a process, over time."""

    megabytes: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """By how much the most is more than what there was at first."""
        return max(self.megabytes) - self.megabytes[0]


@asynccontextmanager
async def memory_of(pid: int) -> AsyncIterator[Memory]:
    """Watch a process's memory within the block."""
    process, memory = psutil.Process(pid), Memory()

    def sample() -> None:
        memory.megabytes.append(process.memory_info().rss / _MEGABYTE)

    async def go_on() -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            sample()

    sample()
    task = asyncio.create_task(go_on())
    try:
        yield memory
        sample()
    finally:
        task.cancel()
