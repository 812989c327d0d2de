"""The supervisor: what it keeps running, and how it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import DataDirectoryInUseError, ProcessStartError
from onsale.platform.embedded.managed_process import (
    ManagedProcess,
    ProcessEvent,
    ProcessEventKind,
)
from onsale.platform.embedded.process_identity import process_identity
from onsale.platform.embedded.process_log import ProcessLog
from onsale.platform.embedded.process_record import ProcessRecord, end_leftovers
from onsale.platform.embedded.supervised_child import RestartPolicy
from onsale.platform.embedded.supervisor import Supervisor
from tests.servers.waiting import eventually

_QUICK = RestartPolicy(delay_seconds_min=0.02, delay_seconds_max=0.1, first_start_count_max=3)
_SLEEP = "import time; time.sleep(600)"
# Servers are made, started and stopped within it, beside other tests.
_SECONDS_MAX = 60.0


def python(name: str, program: str, **options: object) -> ManagedProcess:
    return ManagedProcess(name=name, argv=[sys.executable, "-S", "-c", program], **options)  # type: ignore[arg-type]


class Recorder:
    def __init__(self) -> None:
        self.events: list[ProcessEvent] = []

    def __call__(self, event: ProcessEvent) -> None:
        self.events.append(event)

    def of(self, kind: ProcessEventKind) -> list[ProcessEvent]:
        return [event for event in self.events if event.kind is kind]


@pytest.fixture
def events() -> Recorder:
    return Recorder()


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "data")


@pytest.fixture
async def supervisor(directory: DataDirectory, events: Recorder) -> AsyncIterator[Supervisor]:
    async with Supervisor(directory, events, _QUICK) as supervisor:
        yield supervisor


async def test_a_killed_child_comes_back(supervisor: Supervisor, events: Recorder) -> None:
    await supervisor.start(python("sleeper", _SLEEP))
    first = supervisor.pid("sleeper")
    supervisor.signal("sleeper", signal.SIGKILL)
    await eventually(lambda: len(events.of(ProcessEventKind.READY)) == 2)
    died = events.of(ProcessEventKind.DIED)[0]
    assert (died.pid, died.detail) == (first, "signal 9 (SIGKILL)")
    assert died.restart_delay_seconds == _QUICK.delay_seconds_min
    assert supervisor.pid("sleeper") not in {None, first}


async def test_restarts_wait_longer_each_time_up_to_a_bound(
    supervisor: Supervisor, events: Recorder
) -> None:
    await supervisor.start(python("short-lived", "raise SystemExit(3)"))
    await eventually(lambda: len(events.of(ProcessEventKind.DIED)) >= 5)
    delays = [event.restart_delay_seconds for event in events.of(ProcessEventKind.DIED)]
    assert delays[:5] == [0.02, 0.04, 0.08, 0.1, 0.1]
    assert events.of(ProcessEventKind.DIED)[0].detail == "status 3"


async def test_a_child_starts_only_once_those_before_it_are_ready(
    supervisor: Supervisor, events: Recorder, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    slow = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(flag)!r}).touch()"

    async def ready() -> bool:
        return flag.exists()

    await supervisor.start(python("first", f"{slow}; {_SLEEP}", ready=ready))
    assert flag.exists()
    await supervisor.start(python("second", _SLEEP))
    order = [(event.name, event.kind) for event in events.events]
    assert order.index(("first", ProcessEventKind.READY)) < order.index(
        ("second", ProcessEventKind.STARTING)
    )


async def test_children_stop_in_reverse_order_and_are_gone(
    directory: DataDirectory, events: Recorder
) -> None:
    async with Supervisor(directory, events, _QUICK) as supervisor:
        for name in ("first", "second", "third"):
            await supervisor.start(python(name, _SLEEP))
    stopped = [event.name for event in events.of(ProcessEventKind.STOPPED)]
    assert stopped == ["third", "second", "first"]
    assert all(process_identity(event.pid or 0) is None for event in events.events)
    assert list(directory.records.glob("*.json")) == []


async def test_a_child_that_ignores_its_stop_signal_is_killed(
    directory: DataDirectory, events: Recorder
) -> None:
    deaf = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True);"

    async def ready() -> bool:
        return "deaf" in (directory.logs / "deaf.log").read_text()

    async with Supervisor(directory, events, _QUICK) as supervisor:
        await supervisor.start(
            python("deaf", f"{deaf} time.sleep(600)", ready=ready, stop_timeout_seconds=0.2)
        )
    assert [event.name for event in events.of(ProcessEventKind.KILLED)] == ["deaf"]


async def test_a_child_that_never_becomes_ready_is_an_error_with_the_end_of_its_log(
    supervisor: Supervisor,
) -> None:
    broken = python("broken", "raise SystemExit('no such setting: colour')", ready=_never)
    with pytest.raises(
        ProcessStartError, match=r"broken ended 3 times.*\n.*no such setting: colour"
    ):
        await supervisor.start(broken)


async def test_a_child_that_hangs_before_it_is_ready_is_an_error_too(
    supervisor: Supervisor, events: Recorder
) -> None:
    with pytest.raises(ProcessStartError, match="hanging"):
        await supervisor.start(python("hanging", _SLEEP, ready=_never, ready_timeout_seconds=0.2))
    assert len(events.of(ProcessEventKind.NOT_READY)) == 3


async def test_a_request_to_stop_also_interrupts_the_start(
    directory: DataDirectory, events: Recorder
) -> None:
    stop = asyncio.Event()
    async with Supervisor(directory, events, _QUICK) as supervisor:

        async def be_stopped() -> bool:
            stop.set()
            return False

        async def bring_up() -> None:
            await supervisor.start(python("never-ready", _SLEEP, ready=be_stopped))

        await asyncio.wait_for(supervisor.run(bring_up, stop), _SECONDS_MAX)
    assert [event.name for event in events.of(ProcessEventKind.STOPPED)] == ["never-ready"]


async def test_an_error_while_keeping_a_child_running_is_not_lost(
    directory: DataDirectory, events: Recorder
) -> None:
    starts = iter([None])

    def before_start() -> None:
        if next(starts, "exhausted") is not None:
            raise OSError("the disk is full")

    async with Supervisor(directory, events, _QUICK) as supervisor:

        async def bring_up() -> None:
            await supervisor.start(python("writer", _SLEEP, before_start=before_start))
            supervisor.signal("writer", signal.SIGKILL)

        with pytest.raises(OSError, match="the disk is full"):
            await asyncio.wait_for(supervisor.run(bring_up, asyncio.Event()), _SECONDS_MAX)


async def test_a_directory_in_use_is_refused(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryInUseError, match=rf"in use .*process {os.getpid()}"):
        async with Supervisor(DataDirectory(tmp_path / "data")):
            pass


async def test_two_processes_of_one_name_are_refused(supervisor: Supervisor) -> None:
    await supervisor.start(python("worker", _SLEEP))
    with pytest.raises(ValueError, match="called worker"):
        await supervisor.start(python("worker", _SLEEP))


async def test_what_a_child_says_is_kept_in_a_bounded_log(directory: DataDirectory) -> None:
    log = ProcessLog(directory.logs, "talker", bytes_max=1000)
    descriptor = log.open()
    for turn in range(300):
        os.write(descriptor, f"line {turn} of many\n".encode())
        log.limit()
    os.close(descriptor)
    sizes = [path.stat().st_size for path in directory.logs.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < 1100
    assert log.tail(1) == "line 299 of many"


async def test_a_leftover_of_an_earlier_run_is_ended(directory: DataDirectory) -> None:
    leftover = await asyncio.create_subprocess_exec(sys.executable, "-c", _SLEEP)
    identity = process_identity(leftover.pid)
    assert identity is not None
    ProcessRecord("old", leftover.pid, identity, signal.SIGTERM, 5.0).write(directory.records)
    assert await asyncio.to_thread(end_leftovers, directory.records) == ["old"]
    assert await asyncio.wait_for(leftover.wait(), _SECONDS_MAX) == -signal.SIGTERM


async def test_a_number_reused_by_somebody_else_is_left_alone(directory: DataDirectory) -> None:
    bystander = await asyncio.create_subprocess_exec(sys.executable, "-c", _SLEEP)
    ProcessRecord("old", bystander.pid, "another life", signal.SIGTERM, 5.0).write(
        directory.records
    )
    assert end_leftovers(directory.records) == []
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_supervisor_and_every_server_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = await Program.start(tmp_path / "data")
    program.process.send_signal(number)
    assert await asyncio.wait_for(program.process.wait(), _SECONDS_MAX) == 0
    await program.read()
    assert not [line for line in program.lines if " killed " in line], "each ended by itself"
    stopped = [line.split()[0] for line in program.lines if " stopped " in line]
    assert stopped[0] == "sleeper"
    assert sorted(stopped) == ["postgres", "redis", "sleeper"]
    assert all(process_identity(pid) is None for pid in program.pids.values())


async def test_after_kill_9_of_the_supervisor_nothing_runs_and_the_next_start_works(
    tmp_path: Path,
) -> None:
    first = await Program.start(tmp_path / "data")
    pids = first.pids
    first.process.kill()
    await first.process.wait()
    await eventually(lambda: all(process_identity(pid) is None for pid in pids.values()))
    second = await Program.start(tmp_path / "data")
    assert set(second.pids) == set(pids)
    second.process.terminate()
    assert await asyncio.wait_for(second.process.wait(), _SECONDS_MAX) == 0


async def test_a_second_supervisor_on_a_directory_says_who_has_it(tmp_path: Path) -> None:
    first = await Program.start(tmp_path / "data")
    second = await Program.spawn(tmp_path / "data")
    _, errors = await asyncio.wait_for(second.process.communicate(), _SECONDS_MAX)
    assert second.process.returncode == 1
    assert f"in use by another onsale (process {first.process.pid})" in errors.decode()
    first.process.terminate()
    assert await asyncio.wait_for(first.process.wait(), _SECONDS_MAX) == 0


async def _never() -> bool:
    return False


class Program:
    """A supervisor in a process of its own, and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @classmethod
    async def spawn(cls, directory: Path) -> "Program":
        program = Path(__file__).with_name("supervisor_program.py")
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                *(str(program), str(directory)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        )

    @classmethod
    async def start(cls, directory: Path) -> "Program":
        program = await cls.spawn(directory)
        await asyncio.wait_for(program.read(until="up"), _SECONDS_MAX)
        return program

    async def read(self, until: str = "") -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().strip())
            if self.lines[-1] == until:
                return
        assert not until, self.lines

    @property
    def pids(self) -> dict[str, int]:
        started = (line.split() for line in self.lines if " ready " in line)
        return {name: int(pid) for name, _, pid in started}
