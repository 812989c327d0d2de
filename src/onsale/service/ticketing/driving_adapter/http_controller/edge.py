"""The outermost layer: security headers, HEAD, and the last resort for what nobody foresaw."""

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onsale.service.ticketing.driving_adapter.http_controller.problem import (
    problem_response,
    route_of,
    traceback_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import InternalError

# Pages may use what this host serves and nothing else; styles in elements are what the API browser
# and the seat map draw with.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# For browsers that came encrypted; whether sibling domains can do so too is not ours to say.
HTTPS_HEADERS = (*SECURITY_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


class HttpEdge:
    """Pure ASGI: it stands in the way of every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.stdlib.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        headers = HTTPS_HEADERS if scope.get("scheme") == "https" else SECURITY_HEADERS

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        answer: Send = send_with_headers
        if scope["method"] == "HEAD":
            # A copy: the server looks at its own to know that the answer has no body.
            scope = {**scope, "method": "GET"}
            head = _HeadOnly(receive, send_with_headers)
            receive, answer = head.receive, head.send
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - logged, and answered as what it is
            self._log.error(
                "unexpected_error",
                method=scope["method"],
                path=route_of(Request(scope)),
                traceback=traceback_of(error),
            )
            if not started:
                await problem_response(InternalError())(scope, receive, answer)


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
