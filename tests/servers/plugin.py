"""Fixtures for real servers, and the life of the process that runs them.

The process that pytest was started as owns one host (``tests/servers/host.py``), also when the
tests are spread over workers of pytest-xdist: they get its directory. A run that asks for no
server starts none.
"""

import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis

from tests.servers.protocol import PROJECT, ServerMissingError, ask, socket_path
from tests.support.missing import is_missing

_HOST_START_TIMEOUT_SECONDS = 30.0
_HOST_STOP_TIMEOUT_SECONDS = 45.0
_ROOT_INPUT = "onsale_server_root"


class _HostProcess:
    """The host as its owner sees it."""

    def __init__(self) -> None:
        self.root: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Path:
        """Start the host unless it runs already; return its directory at once."""
        if self.root is None:
            self.root = Path(tempfile.mkdtemp(prefix="onsale-tests-"))
            with (self.root / "host.log").open("wb") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.servers.host", str(self.root)],
                    cwd=PROJECT,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # An interrupted run ends the host in order, not by the same Ctrl-C.
                    start_new_session=True,
                )
        return self.root

    def stop(self) -> None:
        """Let the host end its servers and itself."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(_HOST_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _WorkerNode(Protocol):
    """What is used here of a worker as pytest-xdist's controller sees it."""

    config: pytest.Config
    workerinput: dict[str, str]


_HOST = pytest.StashKey[_HostProcess]()


def pytest_configure(config: pytest.Config) -> None:
    """Every process has a host to own; only the one that pytest was started as starts it."""
    config.stash[_HOST] = _HostProcess()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _WorkerNode) -> None:
    """Tell a worker of pytest-xdist where the host of the whole run is."""
    node.workerinput[_ROOT_INPUT] = str(node.config.stash[_HOST].start())


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the host, also after an interrupted run."""
    config.stash[_HOST].stop()


@pytest.fixture(scope="session")
def worker_id_or_main(request: pytest.FixtureRequest) -> str:
    """``gw0``, ``gw1`` ... under pytest-xdist, else ``main``."""
    worker_input: dict[str, str] = getattr(request.config, "workerinput", {})
    return worker_input.get("workerid", "main")


@pytest.fixture(scope="session")
def server_root(request: pytest.FixtureRequest) -> Path:
    """The directory of the host that runs the servers, which is up."""
    worker_input: dict[str, str] = getattr(request.config, "workerinput", {})
    given = worker_input.get(_ROOT_INPUT)
    root = Path(given) if given else request.config.stash[_HOST].start()
    deadline = time.monotonic() + _HOST_START_TIMEOUT_SECONDS
    while not socket_path(root).exists():
        if time.monotonic() > deadline:
            log = root / "host.log"
            pytest.fail(f"no server host: {log.read_text() if log.exists() else root}")
        time.sleep(0.02)
    return root


@pytest.fixture(scope="session")
def postgres_url(server_root: Path) -> str:
    """The URL of the PostgreSQL server, as superuser in its own database."""
    url: str = ask(server_root, "postgres")["url"]
    return url


@pytest.fixture
def database_url(server_root: Path) -> Iterator[str]:
    """The URL of a database of this test's own, all migrations applied."""
    url: str = ask(server_root, "create_database", migrated=True)["url"]
    yield url
    ask(server_root, "drop_database", url=url)


@pytest.fixture
def empty_database_url(server_root: Path) -> Iterator[str]:
    """The URL of a database of this test's own, without any table."""
    url: str = ask(server_root, "create_database", migrated=False)["url"]
    yield url
    ask(server_root, "drop_database", url=url)


@pytest.fixture(scope="session")
def redis_server_url(server_root: Path, worker_id_or_main: str) -> str:
    """The URL of this worker's Redis server, as the previous test left it."""
    url: str = ask(server_root, "redis", name=worker_id_or_main)["url"]
    return url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The URL of an empty Redis server that no other test uses meanwhile."""
    with Redis.from_url(redis_server_url, protocol=2) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def kafka_bootstrap(server_root: Path) -> str:
    """``host:port`` of the Kafka broker that all tests of the run share.

    Where Kafka cannot be had the test is skipped, except in CI, where that is a failure.
    """
    try:
        bootstrap: str = ask(server_root, "kafka")["bootstrap"]
    except ServerMissingError as error:
        is_missing(error)
    return bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test has."""
    return f"test-{uuid.uuid4().hex[:12]}"
