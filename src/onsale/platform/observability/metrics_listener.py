"""Serves the metrics of a process that has no HTTP server of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server

_log = structlog.get_logger()


@contextmanager
def metrics_listener(registry: CollectorRegistry, host: str, port: int | None) -> Iterator[None]:
    """Answer ``GET /metrics`` at this address within the block, on a thread; nothing for no port.

    An address that is taken is reported and costs the metrics only: they must not stop the work.
    """
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        _log.error("metrics_not_served", host=host, port=port, error=str(error))
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
