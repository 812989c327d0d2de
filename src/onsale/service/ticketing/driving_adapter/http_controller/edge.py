"""The outermost layer: security headers, HEAD, problem documents for every error, meters."""

import asyncio
import time
from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onsale.service.ticketing.driving_adapter.http_controller.http_metrics import HttpMeters
from onsale.service.ticketing.driving_adapter.http_controller.problem import ProblemAnswers

# Pages may use what this host serves and nothing else. No text becomes markup or code: even our own
# scripts cannot make any of it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# The API browser comes as it is: it writes styles into elements and markup as text.
DOCS_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_DOCS_PATH = "/docs"
_Headers = tuple[tuple[bytes, bytes], ...]
Headers = tuple[tuple[bytes, bytes], ...]
_COMMON_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
SECURITY_HEADERS: Headers = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    *_COMMON_HEADERS,
)
DOCS_HEADERS: Headers = (
    (b"content-security-policy", DOCS_CONTENT_SECURITY_POLICY.encode()),
    *_COMMON_HEADERS,
)
# For browsers that came encrypted; whether sibling domains can do so too is not ours to say.
HTTPS_HEADERS = ((b"strict-transport-security", b"max-age=31536000"),)


_CLOSE = (b"connection", b"close")
_EVENT_STREAM = b"text/event-stream"


class HttpEdge:
    """Pure ASGI: it stands in the way of every request. What has to be seen or added of an answer
    is so in one place, since each further layer around ``send`` costs every request.
    """

    def __init__(
        self, app: ASGIApp, problems: ProblemAnswers, meters: HttpMeters, shutdown: asyncio.Event
    ) -> None:
        """Once ``shutdown`` is set every answer asks its client to take another connection."""
        self._app = app
        self._problems = problems
        self._meters = meters
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whatever happens, and measure it."""
        status = 0
        is_stream = False
        began_at = time.perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
                is_stream = _is_stream(headers)
                added = _security_headers_of(scope)
                closing = (_CLOSE,) if self._shutdown.is_set() else ()
                message["headers"] = [*headers, *closing, *added]
            await send(message)

        answer: Send = send_and_note
        if scope["method"] == "HEAD":
            # A copy: the server looks at its own to know that the answer has no body.
            scope = {**scope, "method": "GET"}
            head = _HeadOnly(receive, send_and_note)
            receive, answer = head.receive, head.send
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - answered, or logged, as what it is
            if status:
                self._problems.log_unexpected(scope, error)
            else:
                await self._problems.answer_to(scope, error)(scope, receive, answer)
            # One error may be that of many requests: it would gather the tracebacks of all.
            error.__traceback__ = None
        finally:
            if status:
                seconds = None if is_stream else time.perf_counter() - began_at
                self._meters.record(scope, status, seconds)


def _security_headers_of(scope: Scope) -> _Headers:
    headers = DOCS_HEADERS if scope["path"].startswith(_DOCS_PATH) else SECURITY_HEADERS
    return (*headers, *HTTPS_HEADERS) if scope.get("scheme") == "https" else headers


def _is_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value.startswith(_EVENT_STREAM)
    return False


class _HeadOnly:
    """Ends an answer after its headers, a stream too: to it the client seems to have gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._answered = False

    async def receive(self) -> Message:
        if self._answered:
            return {"type": "http.disconnect"}
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
        elif not self._answered:
            self._answered = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
