"""How a test speaks to the process that runs its servers."""

import json
import socket
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
JAR_CACHE = PROJECT / ".cache"
# Kafka's first start on a slow machine, its jars fetched before.
_ANSWER_TIMEOUT_SECONDS = 110.0


class ServerError(Exception):
    """The host could not do what a test asked of it."""


class ServerMissingError(ServerError):
    """What the server needs is neither installed nor to be had."""


def socket_path(root: Path) -> Path:
    """Where the host of ``root`` listens."""
    return root / "host.sock"


def ask(root: Path, operation: str, **arguments: str | bool) -> dict[str, Any]:
    """Send one request to the host and return its answer.

    Raises:
        ServerMissingError: the server cannot be had on this machine.
        ServerError: anything else went wrong there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_TIMEOUT_SECONDS)
        connection.connect(str(socket_path(root)))
        connection.sendall(json.dumps({"operation": operation, **arguments}).encode() + b"\n")
        with connection.makefile() as lines:
            answer: dict[str, Any] = json.loads(lines.readline() or '{"error": "the host is gone"}')
    if "missing" in answer:
        raise ServerMissingError(answer["missing"])
    if "error" in answer:
        raise ServerError(answer["error"])
    return answer
