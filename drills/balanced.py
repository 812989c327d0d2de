"""Shares requests among several API processes, as a proxy in front of them does it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from typing_extensions import override

CONNECTION_COUNT_MAX = 200
PATIENCE_SECONDS = 12.0
_ACCEPTED = 202


@dataclass(slots=True)
class Balanced(httpx.AsyncBaseTransport):
    """Each request goes to the next process; one that could not be sent goes to another.

    What was sent and not answered is the client's to repeat: it may have been heard. ``accepted``
    counts the bookings that each port has promised.
    """

    ports: Sequence[int]
    accepted: Counter[int] = field(default_factory=Counter)
    _next: int = 0
    _inner: httpx.AsyncHTTPTransport = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(
            max_connections=CONNECTION_COUNT_MAX, max_keepalive_connections=CONNECTION_COUNT_MAX
        )
        self._inner = httpx.AsyncHTTPTransport(limits=limits)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._next += 1
        for turn in range(len(self.ports)):
            port = self.ports[(self._next + turn) % len(self.ports)]
            request.url = request.url.copy_with(port=port)
            try:
                response = await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if turn + 1 == len(self.ports):
                    raise
                continue
            if response.status_code == _ACCEPTED:
                self.accepted[port] += 1
            return response
        raise httpx.ConnectError("there is no process to ask")

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()

    def connections(self) -> httpx.AsyncClient:
        """Connections for any number of clients."""
        return httpx.AsyncClient(
            transport=self, base_url="http://127.0.0.1", timeout=PATIENCE_SECONDS
        )
