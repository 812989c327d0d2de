"""The health checks of the compose file, each run as the engine runs it, against what it asks."""

import socket
from collections.abc import Iterator

import pytest

from onsale.platform.embedded.ports import free_port
from tests.support.deployment import PROJECT, JsonObject, compose_config, run_tool

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
    asked = [each.replace(str(port), str(here)) for each in argv]
    assert asked != argv, "it asks another port"
    return run_tool(*asked).returncode == 0


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_is_well_while_somebody_listens_there(
    services: JsonObject, name: str, taken_port: int
) -> None:
    address = services[name]["environment"]["KAFKA_LISTENERS"].split(",")[0]
    port = int(address.rpartition(":")[2])
    assert _is_well(services[name], port, taken_port)
    assert not _is_well(services[name], port, free_port())
