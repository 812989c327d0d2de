"""Does to the system's processes what the plan says, and measures how soon it sells again."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from storm.history import History
from storm.plan import Fault, FaultKind
from storm.system import System

VICTIM_APPEARS_SECONDS_MAX = 20.0
RECOVERY_SECONDS_MAX = 6.0
_POLL_SECONDS = 0.05


@dataclass(slots=True)
class Strike:
    """A fault as it happened. ``over_at`` is when the system could begin to recover: at the kill,
    or at the end of the pause. ``recovered_at`` is when every lane of the pulse sold again.
    """

    fault: Fault
    struck_at: float
    over_at: float
    recovered_at: float | None = None

    @property
    def recovery_seconds(self) -> float | None:
        """From the end of the fault to the first new hold in every lane."""
        return None if self.recovered_at is None else self.recovered_at - self.over_at


class Faults:
    """The faults of one round, one after the other, each pause running beside the next ones."""

    def __init__(
        self,
        system: System,
        history: History,
        recovered_at: Callable[[Strike], float | None],
    ) -> None:
        """``recovered_at`` tells when the system sold again after a strike, if it did."""
        self._recovered_at = recovered_at
        self._system = system
        self._history = history
        self._paused: dict[int, list[psutil.Process]] = {}
        self.strikes: list[Strike] = []
        self.skipped: list[Fault] = []

    async def run(self, plan: Sequence[Fault]) -> None:
        """Return once all are over; whatever ends this early, nothing stays paused."""
        try:
            async with asyncio.TaskGroup() as pauses:
                for fault in plan:
                    if fault.waits:
                        await self._recovered()
                    await asyncio.sleep(fault.gap_seconds)
                    strike = await self._strike(fault)
                    if strike is not None and fault.kind is FaultKind.PAUSE:
                        pauses.create_task(self._end_pause(strike))
        finally:
            for processes in self._paused.values():
                self._resume(processes)

    async def _strike(self, fault: Fault) -> Strike | None:
        process = await self._victim(fault.victim)
        if process is None:
            self.skipped.append(fault)
            self._history.note("fault skipped", victim=fault.victim, kind=fault.kind)
            return None
        now = self._history.now()
        self._history.note("fault", victim=fault.victim, kind=fault.kind, pid=process.pid)
        strike = Strike(fault, now, now)
        with suppress(psutil.NoSuchProcess):
            if fault.kind is FaultKind.KILL:
                process.kill()
            elif fault.kind is FaultKind.RESTART:
                process.send_signal(self._stop_signal(fault.victim))
            else:
                self._pause(strike, process)
                strike.over_at = now + fault.pause_seconds
        self.strikes.append(strike)
        return strike

    async def _recovered(self) -> None:
        """Wait a little for the last kill or restart to be got over; pauses go on meanwhile."""
        deadline = self._history.now() + RECOVERY_SECONDS_MAX
        last = self.strikes[-1] if self.strikes else None
        if last is None or last.fault.kind is FaultKind.PAUSE:
            return
        # Polled: what is waited for is computed from what the clients have seen so far.
        while self._history.now() < deadline and self._recovered_at(last) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)

    async def _victim(self, name: str) -> psutil.Process | None:
        """The process, waited for while it is between two lives."""
        deadline = self._history.now() + VICTIM_APPEARS_SECONDS_MAX
        while self._history.now() < deadline:
            process = self._system.process(name)
            if process is not None:
                return process
            await asyncio.sleep(_POLL_SECONDS)
        return None

    def _stop_signal(self, name: str) -> signal.Signals:
        record = self._system.record(name)
        return signal.Signals(record["stop_signal"]) if record else signal.SIGTERM

    def _pause(self, strike: Strike, process: psutil.Process) -> None:
        # The parent first, so that PostgreSQL forks no further process meanwhile.
        paused = [process]
        process.suspend()
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.suspend()
                paused.append(child)
        self._paused[id(strike)] = paused

    async def _end_pause(self, strike: Strike) -> None:
        await asyncio.sleep(strike.fault.pause_seconds)
        self._resume(self._paused.pop(id(strike), []))
        strike.over_at = self._history.now()
        self._history.note("pause over", victim=strike.fault.victim)

    @staticmethod
    def _resume(processes: Sequence[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
