"""Bodies that come in several pieces: how many a client may have on their way, and how much is kept
of them all. Of those whose first piece has not come nothing is kept but the connection, which has
bounds of its own.
"""

from types import TracebackType
from typing import Self

from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import RateLimits
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    TooManyBodiesError,
    TooMuchSentError,
)

BUFFERED_BYTES_MAX = 64_000_000
# All calls but one need less: they find room whatever else is on its way.
SMALL_BODY_BYTES_MAX = 16_000
RETRY_SECONDS = 1


class IncomingBodies:
    """Of one process."""

    def __init__(self, limits: RateLimits, buffered_bytes_max: int = BUFFERED_BYTES_MAX) -> None:
        """``limits`` says what one client may have on its way."""
        self._count_max = limits.bodies_per_client_max
        self._client_bytes_max = limits.body_bytes_per_client_max
        self._bytes_max = buffered_bytes_max
        self._count_of: dict[str, int] = {}
        self._bytes_of: dict[str, int] = {}
        self._bytes = 0

    @property
    def buffered_bytes(self) -> int:
        """What is kept at the moment."""
        return self._bytes

    def receive(self, client: str) -> "IncomingBody":
        """A body from there, within a ``with``.

        Raises:
            TooManyBodiesError: the client has as many on their way as it may.
        """
        if self._count_of.get(client, 0) >= self._count_max:
            raise TooManyBodiesError(RETRY_SECONDS)
        return IncomingBody(self, client)

    def begin(self, client: str) -> None:
        """Another one comes."""
        self._count_of[client] = self._count_of.get(client, 0) + 1

    def end(self, client: str) -> None:
        """It is there, or given up."""
        _subtract(self._count_of, client, 1)

    def keep(self, client: str, chunk_bytes: int, body_bytes: int) -> None:
        """So much more is kept of a body that has ``body_bytes`` by now.

        Raises:
            TooManyBodiesError, TooMuchSentError: it finds no room.
        """
        self._bytes += chunk_bytes
        client_bytes = self._bytes_of.get(client, 0) + chunk_bytes
        self._bytes_of[client] = client_bytes
        if body_bytes <= SMALL_BODY_BYTES_MAX:
            return
        if client_bytes > self._client_bytes_max:
            raise TooManyBodiesError(RETRY_SECONDS)
        if self._bytes > self._bytes_max:
            raise TooMuchSentError

    def forget(self, client: str, kept_bytes: int) -> None:
        """So much is kept no more."""
        self._bytes -= kept_bytes
        _subtract(self._bytes_of, client, kept_bytes)


class IncomingBody:
    """One of them."""

    __slots__ = ("_bodies", "_chunks", "_client", "_kept_bytes")

    def __init__(self, bodies: IncomingBodies, client: str) -> None:
        self._bodies = bodies
        self._client = client
        self._chunks: list[bytes] = []
        self._kept_bytes = 0

    def __enter__(self) -> Self:
        self._bodies.begin(self._client)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bodies.forget(self._client, self._kept_bytes)
        self._bodies.end(self._client)

    @property
    def content(self) -> bytes:
        """What was kept."""
        return b"".join(self._chunks)

    def keep(self, chunk: bytes) -> None:
        """More of it has come.

        Raises:
            TooManyBodiesError, TooMuchSentError: it finds no room.
        """
        self._chunks.append(chunk)
        self._kept_bytes += len(chunk)
        self._bodies.keep(self._client, len(chunk), self._kept_bytes)

    def forget(self) -> None:
        """Nothing of it is of use any more."""
        self._chunks.clear()
        self._bodies.forget(self._client, self._kept_bytes)
        self._kept_bytes = 0


def _subtract(counts: dict[str, int], client: str, count: int) -> None:
    left = counts.get(client, 0) - count
    if left:
        counts[client] = left
    else:
        counts.pop(client, None)
