"""TCP ports that nobody uses, remembered so that an address survives a restart."""

import json
import secrets
import socket
from pathlib import Path

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import EmbeddedError

_LOOPBACK = "127.0.0.1"
_CHOICE_COUNT_MAX = 100
_LOWEST_PORT = 15_000
_FIRST_OUTGOING_PORT = 32_768
_OUTGOING_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def stable_port(directory: DataDirectory, name: str) -> int:
    """The port remembered under ``name``; one that is free now, if there is none yet."""
    ports = _read(directory)
    return ports[name] if name in ports else choose_port(directory, name)


def choose_port(directory: DataDirectory, name: str) -> int:
    """Remember and return a port that is free now: the one of last time if it still is.

    Call it only while the server that uses the port is not running.

    Raises:
        EmbeddedError: no free port was found.
    """
    ports = _read(directory)
    if name in ports and is_free(ports[name]):
        return ports[name]
    taken = set(ports.values())
    for _ in range(_CHOICE_COUNT_MAX):
        port = free_port()
        if port not in taken:
            ports[name] = port
            _write(directory, ports)
            return port
    raise EmbeddedError("no free port on the loopback address")


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback address at this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of the server's last life may linger and would not keep it from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback address at which a server can listen, also after a restart.

    Not one that the system gives to outgoing connections: while a server is down, one of those
    could take its port, and keep it for as long as it lasts.

    Raises:
        EmbeddedError: no free port was found.
    """
    for _ in range(_CHOICE_COUNT_MAX):
        port = _LOWEST_PORT + secrets.randbelow(_first_outgoing_port() - _LOWEST_PORT)
        if is_free(port):
            return port
    raise EmbeddedError("no free port on the loopback address")


def _first_outgoing_port() -> int:
    try:
        first = int(_OUTGOING_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _FIRST_OUTGOING_PORT
    return first if first > _LOWEST_PORT else _FIRST_OUTGOING_PORT


def _read(directory: DataDirectory) -> dict[str, int]:
    path = directory.path / "ports.json"
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): int(port) for name, port in stored.items()}


def _write(directory: DataDirectory, ports: dict[str, int]) -> None:
    directory.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = directory.path / ".ports.json"
    temporary.write_text(json.dumps(ports, indent=2, sort_keys=True))
    temporary.replace(directory.path / "ports.json")
