"""What is borne on connections, and what is answered to bytes that are no HTTP request: those never
reach the application.
"""

import asyncio
from typing import ClassVar

from starlette.responses import Response
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from onsale.service.ticketing.driving_adapter.http_controller.connection_guard import (
    ConnectionGuard,
)
from onsale.service.ticketing.driving_adapter.http_controller.edge import SECURITY_HEADERS
from onsale.service.ticketing.driving_adapter.http_controller.problem import problem_response
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    HeadersTooLargeError,
    MalformedRequestError,
    TooManyConnectionsError,
)

CONNECTION_RETRY_SECONDS = 5
# So long a client that was refused may go on sending; nothing of it is kept.
LINGER_SECONDS = 1.0
# Request line and headers; as much again may have been read before it is noticed.
HEAD_BYTES_MAX = 64_000


class ProblemHttpProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, refusing as everything else here does."""

    guard: ClassVar[ConnectionGuard]
    _is_in_head = False
    _unused_bytes = 0
    _is_refused = False
    _refusal: Exception | None = None
    _is_waited_for = False

    @classmethod
    def guarded_by(cls, guard: ConnectionGuard) -> "type[ProblemHttpProtocol]":
        """The protocol for connections of which ``guard`` knows all."""
        return type(cls.__name__, (cls,), {"guard": guard})

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if not self.guard.open(self._host):
            self._refuse(TooManyConnectionsError(CONNECTION_RETRY_SECONDS))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.guard.close(self._host, self)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        # Heads, and what follows a body in pieces: all that is no body has to end soon.
        self._unused_bytes += len(data)
        super().data_received(data)
        if self._unused_bytes > HEAD_BYTES_MAX:
            self._refuse(HeadersTooLargeError())
        elif self._is_in_head or self._is_idle:
            self._wait()
        elif self._is_waited_for:
            self._is_waited_for = False
            self.guard.stop_waiting(self)

    @override
    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if self._unused_bytes > HEAD_BYTES_MAX and self._head_bytes > HEAD_BYTES_MAX:
            # The parser gives up what a callback fails at.
            self._refusal = HeadersTooLargeError()
            raise self._refusal
        self._unused_bytes = 0
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        super().on_body(body)

    def give_up(self) -> bool:
        """Close, unless a request is under way: that has bounds of its own."""
        if self._is_idle:
            self.transport.close()
            return True
        return False

    @override
    def send_400_response(self, msg: str) -> None:
        """Refuse and hang up; where the next request would begin cannot be known."""
        self._refuse(self._refusal or MalformedRequestError())

    @property
    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    @property
    def _host(self) -> str:
        # Who has connected: for requests the server may put another one in its place.
        return self.client[0] if self.client else ""

    @property
    def _is_idle(self) -> bool:
        # There is none before the first request, whatever its annotation says.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _wait(self) -> None:
        if not self.transport.is_closing():
            self._is_waited_for = True
            self.guard.wait_for_head(self)

    def _refuse(self, error: Exception) -> None:
        if self._is_refused:
            return
        self._is_refused = True
        is_idle = self._is_idle
        if is_idle or not self.cycle.response_started:
            self.transport.write(_raw(problem_response(error)))
        if is_idle and self.transport.can_write_eof():
            # Closed with bytes unread, it would be reset, and the client might not read why.
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()


def _raw(response: Response) -> bytes:
    headers = [*response.raw_headers, *SECURITY_HEADERS]
    lines = [b"%b: %b" % header for header in headers]
    status = STATUS_LINE[response.status_code].rstrip()
    return b"\r\n".join([status, *lines, b"", bytes(response.body)])
