"""A running ``onsale up`` as its user has it: a command, a port, a data directory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import psutil

from onsale.platform.embedded import exec_child
from onsale.platform.embedded.ports import free_port
from onsale.platform.embedded.process_record import read_records
from tests.servers.protocol import JAR_CACHE

ONSALE = Path(sys.executable).with_name("onsale")
START_SECONDS_MAX = 100.0
CLUSTER_START_SECONDS_MAX = 240.0
"""Three brokers begin with one another's help; beside other tests on few cores that takes long."""
STOP_SECONDS_MAX = 60.0
COMMAND_SECONDS_MAX = 90.0
VERIFY_SECONDS_MAX = 900.0
"""Of thousands of events, or a million seats."""
_EXEC_CHILD = Path(exec_child.__file__)
_UP_LINE = "onsale is up after"
_POLL_SECONDS = 0.05

Bus = Literal["redis", "kafka"]

DELIVERS_HERE = {"ONSALE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
"""Settings of a system that may deliver webhooks to this machine."""

NOWHERE = {
    "ONSALE_DATABASE_URL": "postgresql://ada:hidden-word@127.0.0.1:1/onsale",
    "ONSALE_SEAT_STORE_URL": "redis://127.0.0.1:1/0",
    "ONSALE_BUS": "redis",
}
"""Settings that name stores where nobody listens."""

PASSWORD = "opensesame-4f81c2"
"""Of every account that a test makes; nothing may ever show it again."""
CARD_NUMBER = "6011 0009 9013 9424"
"""A card that is accepted; likewise."""


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of onsale's."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ONSALE_")}


def run_onsale(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds_max: float = COMMAND_SECONDS_MAX,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; output wide enough that no line is folded."""
    return subprocess.run(
        [str(ONSALE), *map(str, arguments)],
        env={**clean_environment(), "COLUMNS": "400", **(environment or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds_max,
        check=False,
    )


@dataclass(slots=True)
class OnsaleUp:
    """One data directory and the ``onsale up`` that runs, or ran, on it; ``command`` is what is
    run instead of ``onsale`` by those who measure something else. Without ``has_traces`` it does
    not trace, as it does by itself: what is measured is not that.
    """

    data: Path
    bus: Bus = "redis"
    port: int = field(default_factory=free_port)
    has_demo: bool = False
    has_traces: bool = False
    workers: int = 1
    brokers: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = (str(ONSALE),)
    _process: subprocess.Popen[bytes] | None = None
    _printed_before: int = 0

    @property
    def base_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> Path:
        """What the command has printed, over all of its lives."""
        return self.data.with_name(f"{self.data.name}.console")

    @property
    def settings(self) -> dict[str, str]:
        """The environment that the roles run with."""
        settings: dict[str, str] = json.loads((self.data / "environment.json").read_text())
        return settings

    def start(self) -> None:
        """Start it and return once it says that it is up.

        Raises:
            AssertionError: it ended, or took too long; the message shows what it printed.
        """
        self.launch()
        self.wait_for_line(_UP_LINE)

    def launch(self) -> None:
        """Start it and return at once."""
        # Forward from here: the lines of an earlier life say nothing.
        self._printed_before = self.console.stat().st_size if self.console.exists() else 0
        with self.console.open("ab") as console:
            self._process = subprocess.Popen(
                [
                    # It ends with the test run, however that ends.
                    *(sys.executable, "-I", "-S", str(_EXEC_CHILD), str(os.getpid())),
                    *(str(int(signal.SIGTERM)), ""),
                    *(*self.command, "up", "--port", str(self.port), "--data", str(self.data)),
                    *("--bus", self.bus, "--demo" if self.has_demo else "--no-demo"),
                    *("--workers", str(self.workers)),
                    *(() if self.brokers is None else ("--brokers", str(self.brokers))),
                ],
                env={
                    **clean_environment(),
                    "COLUMNS": "400",
                    "ONSALE_CACHE": str(JAR_CACHE),
                    "ONSALE_BCRYPT_ROUNDS": "4",
                    # Whatever is ever logged is logged here.
                    "ONSALE_LOG_LEVEL": "debug",
                    **({} if self.has_traces else {"ONSALE_TRACE_RATIO": "0"}),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the test run must not end it behind the fixture's back.
                start_new_session=True,
            )

    def wait_for_line(self, text: str) -> None:
        """Return once it has printed the text in this life."""
        has_cluster = self.brokers is not None and self.brokers > 1
        seconds_max = CLUSTER_START_SECONDS_MAX if has_cluster else START_SECONDS_MAX
        deadline = time.monotonic() + seconds_max
        while text not in self.console.read_text()[self._printed_before :]:
            ended = self._running().poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"onsale up did not start:\n{self.console.read_text()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Press Ctrl-C; it must end with status 0 and leave no process behind."""
        process = self._running()
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        status = process.wait(STOP_SECONDS_MAX)
        self._process = None
        left = [each for each in family if each.is_running()]
        for each in left:
            each.kill()
        assert status == 0, f"onsale up ended with status {status}:\n{self.console.read_text()}"
        assert not left, f"onsale up left processes behind: {left}"

    def kill_command(self) -> None:
        """Kill the command alone; what becomes of its children is its own affair."""
        process = self._running()
        process.kill()
        process.wait(STOP_SECONDS_MAX)
        self._process = None

    def kill(self) -> None:
        """End it whatever state it is in; nothing is checked."""
        process = self._process
        if process is None:
            return
        family = []
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(STOP_SECONDS_MAX)
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process

    def pid(self, name: str) -> int | None:
        """The number of one of its processes as its own records tell; ``None`` between lives."""
        for record in read_records(self.data / "run"):
            if record.name == name and record.is_alive():
                return record.pid
        return None

    def pids(self) -> list[int]:
        """The numbers of all its processes that are alive."""
        return [each.pid for each in read_records(self.data / "run") if each.is_alive()]

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to one of its processes, and return which one got it."""
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, number)
        return pid

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """One of its processes stands still within the block."""
        self.send(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(name, signal.SIGCONT)

    def verify(self, event_id: int | None = None) -> str:
        """Run ``onsale verify``, which must find nothing; returns what it printed."""
        run = self.run_verify(event_id)
        assert run.returncode == 0, f"onsale verify:\n{run.stdout}{run.stderr}"
        return run.stdout

    def run_verify(self, event_id: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``onsale verify`` of one event, or of all."""
        which = ("--event", str(event_id)) if event_id is not None else ()
        return run_onsale("verify", "--data", self.data, *which, seconds_max=VERIFY_SECONDS_MAX)

    def log_text(self, name: str) -> str:
        """Everything in the log of one of its processes."""
        return (self.data / "logs" / f"{name}.log").read_text(errors="replace")

    def logs_with(self, *secrets: str) -> list[str]:
        """The log files, the console's included, in which one of the texts stands."""
        files = [self.console, *sorted((self.data / "logs").iterdir())]
        return [
            f"{file.name}: {secret}"
            for file in files
            for secret in secrets
            if secret in file.read_text(errors="replace")
        ]


@contextmanager
def data_directory() -> Iterator[Path]:
    """Where a data directory can be made, removed at the end of the block.

    Not below pytest's own: its parents are closed to other users again whenever a test run starts,
    and PostgreSQL, started as root, runs as one.
    """
    with TemporaryDirectory(prefix="onsale-acceptance-", ignore_cleanup_errors=True) as directory:
        yield Path(directory) / "data"


@contextmanager
def running_system(
    bus: Bus = "redis",
    *,
    workers: int = 1,
    brokers: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[OnsaleUp]:
    """A system that is stopped in order at the end of the block, and has told no secret by then.

    ``environment`` holds settings (``ONSALE_…``) of all its roles.
    """
    with data_directory() as data:
        system = OnsaleUp(
            data, bus, workers=workers, brokers=brokers, environment=environment or {}
        )
        try:
            system.start()
            yield system
            system.stop()
        finally:
            system.kill()
        told = system.logs_with(PASSWORD, CARD_NUMBER, CARD_NUMBER.replace(" ", ""))
        assert not told, f"secrets were logged: {told}"
