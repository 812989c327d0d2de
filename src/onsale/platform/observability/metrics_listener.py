"""Serves the metrics of a process without an HTTP server of its own, and whether it lives."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from onsale.platform.observability.loop_lag import LoopLag

STANDING_SECONDS_MAX = 30.0
"""An event loop that stands still for longer will do so for ever: longer than any one step takes,
and than a stall of the machine that passes.
"""
PROBE_PATH = "/livez"

_log = structlog.get_logger()


@contextmanager
def metrics_listener(
    registry: CollectorRegistry, host: str, port: int | None, lag: LoopLag
) -> Iterator[None]:
    """Answer ``GET /metrics`` at this address within the block, and ``GET /livez`` for as long as
    the event loop moves; on a thread, which answers also while it does not. Nothing for no port.

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
    server.set_app(_with_probe(server.get_app(), lag))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _with_probe(metrics: WSGIApplication | None, lag: LoopLag) -> WSGIApplication:
    assert metrics is not None

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PROBE_PATH:
            return metrics(environ, start_response)
        is_standing = lag.overdue_seconds > STANDING_SECONDS_MAX
        start_response(
            "503 Service Unavailable" if is_standing else "200 OK",
            [("content-type", "text/plain"), ("cache-control", "no-store")],
        )
        return [b"standing still\n" if is_standing else b"alive\n"]

    return answer
