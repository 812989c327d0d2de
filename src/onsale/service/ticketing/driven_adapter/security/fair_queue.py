"""Slow work in a few threads, where those who ask for it take turns."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from onsale.platform.exceptions import UnavailableError

WAITING_COUNT_MAX = 2_000
# A client may be a whole office behind one address at the moment that a sale opens.
WAITING_PER_CLIENT_COUNT_MAX = 1_000
WAIT_SECONDS_MAX = 20.0

_DEPENDENCY = "password-hashing"

Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    waiting: asyncio.Timeout
    done: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class FairQueue:
    """A thread that comes free takes the next client's first job, so whoever has one job waits for
    one job of each other client, however many those have.
    """

    def __init__(
        self,
        executor: Executor,
        thread_count: int,
        *,
        waiting_count_max: int = WAITING_COUNT_MAX,
        per_client_count_max: int = WAITING_PER_CLIENT_COUNT_MAX,
        wait_seconds_max: float = WAIT_SECONDS_MAX,
    ) -> None:
        """``executor`` has ``thread_count`` threads and no other work."""
        self._executor = executor
        self._free_count = thread_count
        self._waiting_count_max = waiting_count_max
        self._per_client_count_max = per_client_count_max
        self._wait_seconds_max = wait_seconds_max
        self._turns: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._waiting_count = 0

    @property
    def waiting_count(self) -> int:
        """How many jobs have not begun yet."""
        return self._waiting_count

    async def run(self, work: Callable[[], Result], client: str) -> Result:
        """Do the work when it is the client's turn.

        Raises:
            UnavailableError: too much is waiting, or the turn did not come in time.
        """
        jobs = self._turns.get(client, ())
        if (
            self._waiting_count >= self._waiting_count_max
            or len(jobs) >= self._per_client_count_max
        ):
            raise UnavailableError(_DEPENDENCY, "too many are waiting")
        try:
            async with asyncio.timeout(self._wait_seconds_max) as waiting:
                job = _Job(work, waiting)
                self._enqueue(job, client)
                try:
                    result: Result = await job.done
                finally:
                    self._withdraw(job, client)
                return result
        except TimeoutError:
            raise UnavailableError(_DEPENDENCY, "no turn came in time") from None

    def _enqueue(self, job: _Job, client: str) -> None:
        self._turns.setdefault(client, deque()).append(job)
        self._waiting_count += 1
        self._start_next()

    def _start_next(self) -> None:
        while self._free_count and self._turns:
            client, jobs = next(iter(self._turns.items()))
            job = jobs.popleft()
            self._turns.move_to_end(client)
            if not jobs:
                del self._turns[client]
            self._waiting_count -= 1
            self._start(job)

    def _start(self, job: _Job) -> None:
        # A caller that goes away from now on does not end the work, nor give its thread to another.
        job.waiting.reschedule(None)
        self._free_count -= 1
        running = asyncio.get_running_loop().run_in_executor(self._executor, job.work)
        running.add_done_callback(lambda done: self._finish(job, done))

    def _finish(self, job: _Job, running: asyncio.Future[Any]) -> None:
        self._free_count += 1
        if running.cancelled():
            job.done.cancel()
        elif (error := running.exception()) is not None:
            if not job.done.done():
                job.done.set_exception(error)
        elif not job.done.done():
            job.done.set_result(running.result())
        self._start_next()

    def _withdraw(self, job: _Job, client: str) -> None:
        jobs = self._turns.get(client)
        if jobs is None or job not in jobs:
            return
        jobs.remove(job)
        self._waiting_count -= 1
        if not jobs:
            del self._turns[client]
