"""Refusals for people: whoever asks for a page gets a page, not a problem document."""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onsale.service.ticketing.driving_adapter.http_controller import browser_features
from onsale.service.ticketing.driving_adapter.http_controller.problem import MEDIA_TYPE
from onsale.service.ticketing.driving_adapter.http_controller.request_values import header_of
from onsale.web.site import Site

# What answers here is read by programs, also when a person looks at it in a browser.
_FOR_PROGRAMS = ("/api", "/livez", "/readyz", "/metrics", "/openapi.json")
_HTML = b"text/html; charset=utf-8"


class ProblemPages:
    """Pure ASGI around everything that refuses; it touches only what a browser navigates to."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and turn a problem document into a page."""
        if scope["type"] != "http" or not _is_navigation(scope):
            await self._app(scope, receive, send)
            return
        page = _Page(self._site, scope["method"] == "HEAD", send)
        await self._app(scope, receive, page.send)


def _is_navigation(scope: Scope) -> bool:
    return (
        scope["method"] in {"GET", "HEAD"}
        and not scope["path"].startswith(_FOR_PROGRAMS)
        and "text/html" in (header_of(scope, b"accept") or "")
    )


class _Page:
    """Holds a problem document back until it is whole; anything else goes through."""

    def __init__(self, site: Site, is_head: bool, send: Send) -> None:  # noqa: FBT001 - a fact
        self._site = site
        self._is_head = is_head
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            types = [value for name, value in message["headers"] if name == b"content-type"]
            if types == [MEDIA_TYPE.encode()]:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        await self._answer(self._start)

    async def _answer(self, start: Message) -> None:
        # Of the answer to HEAD there is only the status.
        problem = json.loads(self._body) if self._body else {"title": "", "detail": ""}
        content = self._site.problem_page(start["status"], problem["title"], problem["detail"])
        headers = [
            *(
                one
                for one in start["headers"]
                if one[0] not in {b"content-type", b"content-length"}
            ),
            (b"content-type", _HTML),
            (b"vary", b"accept"),
            (browser_features.NAME.encode(), browser_features.NOTHING.encode()),
        ]
        if not self._is_head:
            headers.append((b"content-length", b"%d" % len(content)))
        await self._send({**start, "headers": headers})
        body = b"" if self._is_head else content
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
