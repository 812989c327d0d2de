"""A seat store's server that a test kills, cuts short and starts again."""

import asyncio
import os
import subprocess
from pathlib import Path

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.redis import EmbeddedRedis, find_redis_engine

READY_TIMEOUT_SECONDS = 30


class KillableRedis:
    """A server of this test's own, configured as in the embedded default."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedRedis(
            DataDirectory(directory), find_redis_engine(streams_needed=False)
        )
        self._server.prepare()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._server.url()

    async def start(self) -> None:
        process = self._server.process()
        self._process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
            process.argv, cwd=process.cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            while not await self._server.is_ready():  # noqa: ASYNC110 - another process is asked
                await asyncio.sleep(0.01)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log_size_bytes(self) -> int:
        """How long the append-only file is by now."""
        return self._log.stat().st_size

    def cut_log(self, size_bytes: int) -> None:
        """As if the disk had got no further; the server must be dead."""
        os.truncate(self._log, size_bytes)

    @property
    def _log(self) -> Path:
        # One file up to Redis 6; from 7 on a directory of them, of which one grows.
        (log,) = [
            *self._server.data.glob("*.aof"),
            *self._server.data.glob("appendonlydir/*.incr.aof"),
        ]
        return log
