"""One process under a supervisor of its own, so that it can be stopped and replaced by itself."""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.managed_process import ManagedProcess
from onsale.platform.embedded.supervisor import Supervisor

# A broker that misses its own sixty seconds on a busy machine is started once more.
READY_SECONDS_MAX = 240.0
_POLL_SECONDS = 0.05


class NotReadyError(Exception):
    """A process that was killed or replaced does not become ready."""


@dataclass(slots=True)
class KeptProcess:
    """Started again whenever it dies, as a service manager does it, until it is stopped.

    ``folder`` holds its log and its record.
    """

    folder: Path
    _process: ManagedProcess | None = None
    _supervisor: Supervisor | None = None
    _killed_pid: int | None = field(default=None)

    async def start(self, process: ManagedProcess) -> None:
        """Return once it is ready for the first time.

        Raises:
            ProcessStartError: it does not become ready.
        """
        supervisor = Supervisor(DataDirectory(self.folder))
        await supervisor.__aenter__()
        self._process, self._supervisor = process, supervisor
        await supervisor.start(process)

    async def stop(self) -> None:
        """End it in order; nothing runs afterwards."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            await supervisor.__aexit__(None, None, None)

    async def replace(self, process: ManagedProcess) -> None:
        """End it in order, and start the other in its place."""
        await self.stop()
        await self.start(process)

    async def restart(self) -> None:
        """Replace it by itself."""
        if self._process is None:
            raise RuntimeError(f"nothing was ever started in {self.folder}")
        await self.replace(self._process)

    def kill(self) -> None:
        """As ``kill -9`` does it."""
        if self._supervisor is None or self._process is None:
            raise RuntimeError(f"nothing runs in {self.folder}")
        self._killed_pid = self._supervisor.pid(self._process.name)
        self._supervisor.signal(self._process.name, signal.SIGKILL)

    async def until_ready(self) -> None:
        """Return once it lives again after a kill, and is ready.

        Raises:
            NotReadyError: it takes too long.
        """
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not await self._is_ready():
            if time.monotonic() > deadline:
                raise NotReadyError(f"{self.folder.name} is not ready again")
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_ready(self) -> bool:
        if self._supervisor is None or self._process is None:
            return False
        pid = self._supervisor.pid(self._process.name)
        return pid not in (None, self._killed_pid) and await self._process.ready()
