"""The health checks of the compose file, each run as the engine runs it, against what it asks."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.ports import free_port
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.observability.metrics_listener import PROBE_PATH
from tests.support.deployment import PROJECT, JsonObject, compose_config, run_tool

WORKERS = ("worker-seat-reservation", "worker-ticketing", "worker-webhooks")
READY_PATH = "/readyz"
BROKERS = ("kafka-1", "kafka-2", "kafka-3")


@pytest.fixture(scope="module")
def services() -> JsonObject:
    found: JsonObject = compose_config(PROJECT / "compose.yaml")["services"]
    return found


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _is_well(service: JsonObject, port: int, here: int) -> bool:
    """Whether the check is content, with ``port`` of the container being ``here``."""
    kind, *command = service["healthcheck"]["test"]
    # What the engine hands to /bin/sh, whichever shell that is in the image.
    argv = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
    if argv[0] == "python":
        argv[0] = sys.executable
    asked = [each.replace(str(port), str(here)) for each in argv]
    assert asked != argv, "it asks another port"
    return run_tool(*asked).returncode == 0


@contextmanager
def _answering(path: str, status: str) -> Iterator[int]:
    """Somebody who answers so there, and nothing elsewhere; the port."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response(status if environ["PATH_INFO"] == path else "404 Not Found", [])
        return [b""]

    with make_server("127.0.0.1", 0, answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("name", "port_setting", "path"),
    [
        ("api", "ONSALE_PORT", READY_PATH),
        *((each, "ONSALE_METRICS_PORT", PROBE_PATH) for each in WORKERS),
    ],
)
def test_a_role_is_asked_at_its_own_port_whether_it_is_well(
    services: JsonObject, name: str, port_setting: str, path: str
) -> None:
    port = int(services[name]["environment"][port_setting])
    for status, is_well in (("200 OK", True), ("503 Service Unavailable", False)):
        with _answering(path, status) as here:
            assert _is_well(services[name], port, here) is is_well, status
    assert not _is_well(services[name], port, free_port())


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_is_well_while_somebody_listens_there(
    services: JsonObject, name: str, taken_port: int
) -> None:
    address = services[name]["environment"]["KAFKA_LISTENERS"].split(",")[0]
    port = int(address.rpartition(":")[2])
    assert _is_well(services[name], port, taken_port)
    assert not _is_well(services[name], port, free_port())


@contextmanager
def _leading_to(path: Path) -> Iterator[int]:
    """A port whose first caller speaks with whoever listens at the socket ``path``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def lead() -> None:
            caller, _ = listener.accept()
            with caller, socket.socket(socket.AF_UNIX) as server:
                server.connect(str(path))
                server.sendall(caller.recv(4096))
                caller.sendall(server.recv(4096))

        thread = Thread(target=lead, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_postgresql_is_well_once_it_answers_where_others_ask_it(
    services: JsonObject, postgres_url: str, tmp_path: Path
) -> None:
    place = {key: value for key, (value,) in parse_qs(urlsplit(postgres_url).query).items()}
    listens_at = Path(place["host"]) / f".s.PGSQL.{place['port']}"
    server = EmbeddedPostgres(DataDirectory(tmp_path))
    binaries = Path(server.process().argv[0]).parent
    kind, command = services["postgres"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"

    def is_well(port: int) -> bool:
        # Its socket is where the command looks for one, and says the port that it has.
        (tmp_path / f".s.PGSQL.{port}").symlink_to(listens_at)
        surroundings = (
            f"PGHOST={tmp_path}",
            f"PGPORT={port}",
            f"PATH={binaries}:{os.environ['PATH']}",
        )
        return run_tool("env", *surroundings, "sh", "-c", command).returncode == 0

    with _leading_to(listens_at) as port:
        assert is_well(port)
    # As while the image makes a new cluster: it answers at its socket alone.
    assert not is_well(free_port())
