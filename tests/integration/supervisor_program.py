"""A supervisor in a process of its own, for tests that kill it.

    python supervisor_program.py DIRECTORY

It prints a line for every event and runs until it is told to stop.
"""

import asyncio
import sys
from pathlib import Path

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import EmbeddedError
from onsale.platform.embedded.managed_process import ManagedProcess, ProcessEvent
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.redis import EmbeddedRedis, find_redis_engine
from onsale.platform.embedded.supervisor import Supervisor, stop_on_signals


def tell(event: ProcessEvent) -> None:
    sys.stdout.write(f"{event.name} {event.kind.value} {event.pid}\n")
    sys.stdout.flush()


async def main() -> None:
    directory = DataDirectory(Path(sys.argv[1]))
    stop = asyncio.Event()
    with stop_on_signals(stop):
        await supervise(directory, stop)


async def supervise(directory: DataDirectory, stop: asyncio.Event) -> None:
    async with Supervisor(directory, tell) as supervisor:
        postgres = EmbeddedPostgres(directory)
        redis = EmbeddedRedis(directory, find_redis_engine(streams_needed=True))
        postgres.prepare()
        redis.prepare()

        async def bring_up() -> None:
            await supervisor.start(postgres.process(), redis.process())
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            await supervisor.start(ManagedProcess(name="sleeper", argv=sleeper))
            sys.stdout.write("up\n")
            sys.stdout.flush()

        await supervisor.run(bring_up, stop)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except EmbeddedError as error:
        sys.exit(str(error))
