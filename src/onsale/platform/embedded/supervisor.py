"""Runs named child processes: in order, restarted when they die, stopped in reverse order."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.managed_process import ManagedProcess, ProcessEvent
from onsale.platform.embedded.process_log import ProcessLog
from onsale.platform.embedded.process_record import end_leftovers
from onsale.platform.embedded.supervised_child import RestartPolicy, SupervisedChild

_LOG_CHECK_INTERVAL_SECONDS = 5.0


class Supervisor:
    """The parent of all processes of one data directory.

    Use it as an asynchronous context manager: entering takes the directory's lock and ends what an
    earlier supervisor may have left; leaving stops every child, the last started first.

    Its event loop must live in a thread that lives as long as the children: on Linux they die
    with the thread that started them.
    """

    def __init__(
        self,
        directory: DataDirectory,
        on_event: Callable[[ProcessEvent], None] = lambda _event: None,
        policy: RestartPolicy | None = None,
    ) -> None:
        """``on_event`` is called on the event loop and must return at once."""
        self._directory = directory
        self._on_event = on_event
        self._policy = policy or RestartPolicy()
        self._groups: list[list[SupervisedChild]] = []
        self._log_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._directory.acquire()
        try:
            await asyncio.to_thread(end_leftovers, self._directory.records)
        except BaseException:
            # Cancelled too: without an exit to come nobody else lets the directory go.
            self._directory.release()
            raise
        self._log_task = asyncio.create_task(self._bound_logs(), name="bound logs")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.stop()
        finally:
            if self._log_task is not None:
                self._log_task.cancel()
            self._directory.release()

    async def start(self, *processes: ManagedProcess) -> None:
        """Start these together and return once all are ready; call again for what depends on them.

        Raises:
            ProcessStartError: one did not become ready; its message holds the end of its log.
            ValueError: a process of that name was started before.
        """
        names = {child.process.name for child in self._children()}
        for process in processes:
            if process.name in names:
                raise ValueError(f"a process called {process.name} was started before")
            names.add(process.name)
        group = [
            SupervisedChild(
                process,
                log=ProcessLog(self._directory.logs, process.name),
                records=self._directory.records,
                on_event=self._on_event,
                policy=self._policy,
            )
            for process in processes
        ]
        self._groups.append(group)
        starts = [asyncio.ensure_future(child.start()) for child in group]
        try:
            await asyncio.gather(*starts)
        finally:
            for start in starts:
                start.cancel()
            await asyncio.gather(*starts, return_exceptions=True)

    async def run(self, bring_up: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Run ``bring_up``, which calls ``start``, and then wait until ``stop`` is set.

        ``stop`` also interrupts ``bring_up``. An error of ``bring_up``, or of keeping a child
        running, travels to the caller. The children are still running on return.
        """
        stopped = asyncio.ensure_future(stop.wait())
        brought_up = asyncio.ensure_future(bring_up())
        try:
            await asyncio.wait({stopped, brought_up}, return_when=asyncio.FIRST_COMPLETED)
            if not brought_up.done():
                return
            brought_up.result()
            kept = {child.task for child in self._children()}
            if self._log_task is not None:
                kept.add(self._log_task)
            done, _ = await asyncio.wait({stopped, *kept}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
        finally:
            stopped.cancel()
            brought_up.cancel()
            await asyncio.wait({stopped, brought_up})

    async def stop(self) -> None:
        """Stop every child, group by group, the last started first; bounded by their timeouts."""
        while self._groups:
            await asyncio.gather(*(child.stop() for child in self._groups[-1]))
            self._groups.pop()

    def pid(self, name: str) -> int | None:
        """The number of the process ``name`` as it runs now, ``None`` between two lives."""
        return next(child.pid for child in self._children() if child.process.name == name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process ``name``; nothing happens between two lives."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, number)

    def _children(self) -> Iterator[SupervisedChild]:
        for group in self._groups:
            yield from group

    async def _bound_logs(self) -> None:
        while True:
            await asyncio.sleep(_LOG_CHECK_INTERVAL_SECONDS)
            for child in list(self._children()):
                await asyncio.to_thread(child.log.limit)


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Within the block, SIGINT and SIGTERM set ``stop`` instead of ending this process.

    Put it around the supervisor's block, so that an impatient second Ctrl-C does not cut the
    stopping short.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
