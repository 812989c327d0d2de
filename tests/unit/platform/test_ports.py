"""The ports at which servers of a data directory listen."""

import socket
from pathlib import Path

from onsale.platform.embedded import ports
from onsale.platform.embedded.data_directory import DataDirectory


def test_a_port_is_not_one_that_an_outgoing_connection_could_take_while_its_server_is_down() -> (
    None
):
    first_outgoing = ports._first_outgoing_port()
    chosen = {ports.free_port() for _ in range(50)}
    assert all(1_024 < port < first_outgoing for port in chosen)
    assert len(chosen) > 10
    assert all(ports.is_free(port) for port in chosen)


def test_a_port_at_which_somebody_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_server_keeps_its_port(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    port = ports.stable_port(directory, "redis")
    assert ports.stable_port(directory, "redis") == port
    assert ports.choose_port(directory, "postgres") != port
