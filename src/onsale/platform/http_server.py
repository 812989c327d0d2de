"""Serves an ASGI application with uvicorn until told to stop, and then lets nobody down."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from onsale.platform.exceptions import CannotListenError

DRAIN_SECONDS_MAX = 10
"""What is under way when the server stops has so long to be answered."""
NOTICE_SECONDS = 0.3
"""So long before it closes, the server asks clients to come back on another connection."""
KEEP_ALIVE_SECONDS = 75
"""So long a connection may be idle: longer than proxies and clients keep theirs, of whose requests
one would else be sent just as its connection is closed, and nobody could say what became of it.
"""
ACCEPTED_PER_TURN = 32
BACKLOG_COUNT = 2_048
_FILES_BESIDE_CONNECTIONS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """``protocol`` speaks HTTP on a connection; only from ``trusted_proxies`` (CIDRs, comma
    separated) X-Forwarded-For counts.
    """

    connection_count_max: int
    protocol: type[asyncio.Protocol]
    trusted_proxies: str = ""
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections wait to be taken.

    Raises:
        CannotListenError: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG_COUNT)
    except OSError as error:
        raise CannotListenError(f"{host}:{port}", error.strerror or str(error)) from error


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    options: ServerOptions,
    *,
    shutdown: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Serve until ``stop`` is set. Then ``shutdown`` is: streams end, and each answer asks for its
    connection to be closed. A moment later nobody new is let in, idle connections are closed, and
    whoever waits for an answer gets it.
    """
    _allow_open_files(options.connection_count_max + _FILES_BESIDE_CONNECTIONS)
    config = uvicorn.Config(
        app,
        http=options.protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=options.connection_count_max,
        proxy_headers=bool(options.trusted_proxies),
        forwarded_allow_ips=options.trusted_proxies,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
    )
    server = _Server(config)
    # The loop takes one connection a turn from each. With one alone, a crowd that needs new
    # connections waits for as many turns, and the busier the loop the longer a turn.
    listeners = [listener, *(listener.dup() for _ in range(ACCEPTED_PER_TURN - 1))]
    serving = asyncio.create_task(server.serve(listeners))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    shutdown.set()
    if not serving.done():
        await asyncio.sleep(NOTICE_SECONDS)
    server.should_exit = True
    await serving


def _allow_open_files(count: int) -> None:
    """As many as the system lets this process have; each connection is one."""
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if allowed_max == resource.RLIM_INFINITY else min(count, allowed_max)
    if allowed != resource.RLIM_INFINITY and wanted > allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed_max))


class _Server(uvicorn.Server):
    """Uvicorn, but for its signal handlers: the role's own tell it when to stop."""

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield
