"""The system under the storm: a real ``onsale up`` on a data directory of its own."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

START_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 90.0
VERIFY_SECONDS_MAX = 180.0
WORKER_COUNT = 2
PROJECT = Path(__file__).resolve().parents[1]
JAR_CACHE = PROJECT / ".cache"

_TIED_CHILD = Path(__file__).with_name("tied_child.py")
_UP_LINE = "onsale is up after"
_POLL_SECONDS = 0.05


def unused_port() -> int:
    """One that the system does not give to outgoing connections either: while the API is down, one
    of those could take it.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class SystemBrokenError(Exception):
    """The system did not start, or has ended by itself."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which system: the bus, how many brokers it has, and where its source is if not installed."""

    bus: str = "redis"
    broker_count: int = 3
    source: Path | None = None

    def victims(self) -> list[str]:
        """The names of all processes that a fault can meet."""
        workers = [
            f"{worker}-{number}"
            for worker in ("seat-reservation", "ticketing", "webhooks")
            for number in range(1, WORKER_COUNT + 1)
        ]
        return ["api", *workers, "redis", "postgres", *self._brokers()]

    def _brokers(self) -> list[str]:
        if self.bus != "kafka":
            return []
        if self.broker_count == 1:
            return ["kafka"]
        return [f"kafka-{number}" for number in range(1, self.broker_count + 1)]


@dataclass(slots=True)
class System:
    """One data directory and the ``onsale up`` that runs on it."""

    data: Path
    shape: Shape
    port: int = field(default_factory=unused_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> Path:
        """What the command has printed."""
        return self.data.with_name("console.txt")

    @property
    def history(self) -> Path:
        """Where the histories of its rounds are kept."""
        return self.data.with_name("history")

    @property
    def settings(self) -> dict[str, str]:
        """The environment that the roles run with: the addresses of the stores stand there."""
        settings: dict[str, str] = json.loads((self.data / "environment.json").read_text())
        return settings

    def launch(self) -> None:
        """Start it and return at once."""
        shape = self.shape
        command = ["up", "--port", str(self.port), "--data", str(self.data), "--no-demo"]
        command += ["--bus", shape.bus, "--workers", str(WORKER_COUNT)]
        if shape.bus == "kafka":
            command += ["--brokers", str(shape.broker_count)]
        tie = [sys.executable, "-I", "-S", str(_TIED_CHILD), str(os.getpid())]
        with self.console.open("ab") as console:
            self._process = subprocess.Popen(
                [*tie, *self._onsale(), *command],
                env=self._environment(),
                cwd=shape.source,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the storm must not end it behind the storm's back.
                start_new_session=True,
            )

    def _onsale(self) -> list[str]:
        # ``-m`` looks in the working directory first, and so does every process that the command
        # starts: that is how another source than the installed one is run.
        return [sys.executable, "-m", "onsale"]

    @staticmethod
    def _environment() -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("ONSALE_")}
        return {
            **inherited,
            "COLUMNS": "400",
            "ONSALE_CACHE": os.environ.get("ONSALE_CACHE", str(JAR_CACHE)),
            "ONSALE_RATE_LIMITS": "off",
            "ONSALE_TRACE_RATIO": "0",
            "ONSALE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            # The storm is about seats: hashing passwords would only take its cores.
            "ONSALE_BCRYPT_ROUNDS": "4",
        }

    def is_up(self) -> bool:
        """Whether the command has said so.

        Raises:
            SystemBrokenError: it has ended; the message shows what it printed.
        """
        printed = self.console.read_text(errors="replace") if self.console.exists() else ""
        self.require_running()
        return _UP_LINE in printed

    def require_running(self) -> None:
        """Raise ``SystemBrokenError`` unless the command still runs."""
        if self._process is None or self._process.poll() is not None:
            printed = self.console.read_text(errors="replace")[-4_000:]
            raise SystemBrokenError(f"onsale up has ended:\n{printed}")

    def start(self) -> None:
        """Start it and return once it says that it is up.

        Raises:
            SystemBrokenError: it ended, or took too long.
        """
        self.launch()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.is_up():
            if time.monotonic() > deadline:
                raise SystemBrokenError(f"onsale up is not up after {START_SECONDS_MAX:.0f} s")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop it in order; whatever is left of its family after a bounded wait is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        for each in family:
            # A process that a fault has paused cannot stop.
            with suppress(psutil.NoSuchProcess):
                each.resume()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def record(self, name: str) -> dict[str, Any] | None:
        """What the system's own record says of one of its processes; ``None`` between lives."""
        try:
            record: dict[str, Any] = json.loads((self.data / "run" / f"{name}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record

    def process(self, name: str) -> psutil.Process | None:
        """A process of the system that runs now, proven to be of this storm by its ancestry."""
        record = self.record(name)
        if record is None or self._process is None:
            return None
        try:
            found = psutil.Process(record["pid"])
            ours = found.ppid() == self._process.pid
            return found if ours and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def verify(self) -> tuple[bool, str]:
        """Run ``onsale verify``: whether it found nothing, and what it printed."""
        try:
            run = subprocess.run(
                [*self._onsale(), "verify", "--data", str(self.data)],
                env=self._environment(),
                cwd=self.shape.source,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=VERIFY_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, f"onsale verify did not end within {VERIFY_SECONDS_MAX:.0f} s"
        return run.returncode == 0, run.stdout + run.stderr


@contextmanager
def running(system: System) -> Iterator[System]:
    """The system runs within the block and is gone after it, however the block ends."""
    try:
        system.start()
        yield system
    finally:
        system.stop()
