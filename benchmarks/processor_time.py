"""Processor time of a running system, by process: what a figure is worth on a busy machine."""

import os

import psutil

from tests.support.onsale_up import OnsaleUp

NAMES = ("postgres", "redis", "kafka", "seat-reservation", "ticketing", "api")


class ProcessorTime:
    """Counts from the moment at which it is made."""

    def __init__(self, system: OnsaleUp) -> None:
        """Workers of which several run are looked up as ``ticketing-1`` and so on."""
        copies = [f"-{number}" for number in range(1, system.workers + 1)]
        names = [name + copy for name in NAMES for copy in ("", *copies)]
        self._processes: dict[str, psutil.Process] = {}
        for name in names:
            pid = system.pid(name)
            if pid is not None:
                self._processes[name] = psutil.Process(pid)
        self._before = self._spent()

    def seconds(self) -> dict[str, float]:
        """Seconds spent since, by the name of the process."""
        now = self._spent()
        return {name: now[name] - self._before[name] for name in now}

    def _spent(self) -> dict[str, float]:
        return {name: _family_seconds(process) for name, process in self._processes.items()}

    def __str__(self) -> str:
        """Seconds spent since, and how many others wait for a processor."""
        spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.seconds().items())
        return (
            f"processor seconds: {spent}; {os.cpu_count()} processors,"
            f" load average {os.getloadavg()[0]:.0f}"
        )


def _family_seconds(process: psutil.Process) -> float:
    times = [process.cpu_times()]
    for child in process.children(recursive=True):
        try:
            times.append(child.cpu_times())
        except psutil.NoSuchProcess:
            continue
    return sum(each.user + each.system for each in times)
