"""One child process kept running: started, watched, started again, stopped."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from onsale.platform.embedded.exceptions import ProcessStartError
from onsale.platform.embedded.managed_process import (
    ManagedProcess,
    ProcessEvent,
    ProcessEventKind,
    describe_exit,
)
from onsale.platform.embedded.process_identity import process_identity
from onsale.platform.embedded.process_log import ProcessLog
from onsale.platform.embedded.process_record import ProcessRecord, forget

_EXEC_CHILD = Path(__file__).with_name("exec_child.py")
_READY_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How soon a dead child is started again, and how often before it counts as broken.

    The delay doubles from ``delay_seconds_min`` to ``delay_seconds_max``; a child that was ready
    and then lived for ``reset_seconds`` begins anew. Once ready, it is restarted without limit.
    """

    delay_seconds_min: float = 0.2
    delay_seconds_max: float = 5.0
    reset_seconds: float = 30.0
    first_start_count_max: int = 6


class SupervisedChild:
    """Keeps one :class:`ManagedProcess` running from ``start`` to ``stop``."""

    def __init__(
        self,
        process: ManagedProcess,
        *,
        log: ProcessLog,
        records: Path,
        on_event: Callable[[ProcessEvent], None],
        policy: RestartPolicy,
    ) -> None:
        self.process = process
        self.log = log
        self._records = records
        self._on_event = on_event
        self._policy = policy
        self._running: Process | None = None
        self._was_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now."""
        return self._running.pid if self._running is not None else None

    @property
    def task(self) -> asyncio.Task[None]:
        """The task that keeps the child running; it ends only in ``stop`` or with an error."""
        if self._task is None:
            raise RuntimeError(f"{self.process.name} was not started")
        return self._task

    async def start(self) -> None:
        """Return once the child is ready for the first time.

        Raises:
            ProcessStartError: not ready in time, or ended too often; nothing runs afterwards.
        """
        self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.process.name}")
        ready = asyncio.create_task(self._was_ready.wait())
        try:
            await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """End the child: its stop signal, a bounded wait, then SIGKILL to its process group."""
        self._stopping.set()
        if self._task is None:
            return
        # Its failure, if any, was raised by ``start`` or is seen by the supervisor.
        await asyncio.wait({self._task})
        if self._running is not None:
            await self._end(self._running)

    async def _keep_running(self) -> None:
        delay_seconds = self._policy.delay_seconds_min
        start_count = 0
        while not self._stopping.is_set():
            start_count += 1
            started_at = time.monotonic()
            running = await self._spawn()
            ready = await self._until_ready(running)
            if ready:
                self._was_ready.set()
                self._emit(ProcessEventKind.READY)
                await self._until_exit_or_stop(running)
            if running.returncode is None:
                stopping = self._stopping.is_set()
                self._emit(ProcessEventKind.STOPPING if stopping else ProcessEventKind.NOT_READY)
            returncode = await self._end(running)
            if self._stopping.is_set():
                return
            self._give_up_if_broken(returncode, start_count)
            if ready and time.monotonic() - started_at >= self._policy.reset_seconds:
                delay_seconds = self._policy.delay_seconds_min
            self._emit(
                ProcessEventKind.DIED,
                pid=running.pid,
                detail=describe_exit(returncode),
                restart_delay_seconds=delay_seconds,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_seconds):
                    await self._stopping.wait()
            delay_seconds = min(delay_seconds * 2, self._policy.delay_seconds_max)

    async def _spawn(self) -> Process:
        process = self.process
        if process.before_start is not None:
            await asyncio.to_thread(process.before_start)
        output = self.log.open()
        try:
            running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(_EXEC_CHILD),
                str(os.getpid()),
                str(int(process.parent_death_signal)),
                process.user or "",
                *process.argv,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                env=process.env,
                cwd=process.cwd,
                # A session of its own keeps the terminal's Ctrl-C away: it is for the supervisor.
                start_new_session=True,
            )
        finally:
            os.close(output)
        self._running = running
        identity = process_identity(running.pid)
        if identity is not None:
            ProcessRecord(
                name=process.name,
                pid=running.pid,
                identity=identity,
                stop_signal=int(process.stop_signal),
                stop_timeout_seconds=process.stop_timeout_seconds,
            ).write(self._records)
        self._emit(ProcessEventKind.STARTING)
        return running

    async def _until_ready(self, running: Process) -> bool:
        deadline = time.monotonic() + self.process.ready_timeout_seconds
        while running.returncode is None and time.monotonic() < deadline:
            if self._stopping.is_set():
                return False
            if await self.process.ready():
                return running.returncode is None
            await asyncio.sleep(_READY_POLL_SECONDS)
        return False

    def _give_up_if_broken(self, returncode: int, start_count: int) -> None:
        if self._was_ready.is_set() or start_count < self._policy.first_start_count_max:
            return
        raise ProcessStartError(
            f"{self.process.name} ended {start_count} times before it was ready, "
            f"last with {describe_exit(returncode)}. The end of {self.log.path}:\n{self.log.tail()}"
        )

    async def _until_exit_or_stop(self, running: Process) -> None:
        waits = {
            asyncio.ensure_future(running.wait()),
            asyncio.ensure_future(self._stopping.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _end(self, running: Process) -> int:
        """Make sure that it has ended; return its return code."""
        if running.returncode is None:
            with suppress(ProcessLookupError):
                running.send_signal(self.process.stop_signal)
            try:
                async with asyncio.timeout(self.process.stop_timeout_seconds):
                    await running.wait()
                self._emit(ProcessEventKind.STOPPED)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
                await running.wait()
                self._emit(ProcessEventKind.KILLED)
        self._running = None
        forget(self._records, self.process.name)
        return await running.wait()

    def _emit(
        self,
        kind: ProcessEventKind,
        *,
        pid: int | None = None,
        detail: str = "",
        restart_delay_seconds: float | None = None,
    ) -> None:
        self._on_event(
            ProcessEvent(self.process.name, kind, pid or self.pid, detail, restart_delay_seconds)
        )
