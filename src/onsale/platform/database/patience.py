"""How long whoever answers a client waits for PostgreSQL, and how many may wait."""

import asyncio
from dataclasses import dataclass
from typing import Any, Self

import asyncpg
from asyncpg.pool import PoolAcquireContext
from typing_extensions import override

from onsale.platform.dependency_watch import DependencyWatch
from onsale.platform.exceptions import UnavailableError

WAITING_COUNT_MAX = 2_000
"""Calls that may wait for a connection at once; one more is turned away immediately."""
# Shares of the time in which a request must be answered. Together less than all of it, so that
# whoever got the last connection is still told in time that it is of no use.
_PLACE_SHARE, _STATEMENT_SHARE, _SERVER_SHARE = 0.6, 0.35, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """``place_seconds`` is for a connection, its making included; ``statement_seconds`` for an
    answer to one statement; after ``server_seconds`` the server gives the statement up by itself,
    so that one that slept through a stall does not go on for nobody.
    """

    place_seconds: float
    statement_seconds: float
    server_seconds: float
    waiting_count_max: int = WAITING_COUNT_MAX

    @classmethod
    def within(cls, answer_seconds_max: float) -> Self:
        """For those who must answer within so many seconds."""
        return cls(
            place_seconds=answer_seconds_max * _PLACE_SHARE,
            statement_seconds=answer_seconds_max * _STATEMENT_SHARE,
            server_seconds=answer_seconds_max * _SERVER_SHARE,
        )


class PlainConnection(asyncpg.Connection):
    """Is given back to its pool without asking the server to forget the session's state: our
    statements leave none (locks and settings end with their transactions), and it is a round trip.
    """

    @override
    def get_reset_query(self) -> str:
        return ""


class ImpatientConnection(PlainConnection):
    """Is cut when a statement is given up or it is closed, instead of asking the server to agree.

    The library opens another connection to cancel a statement, without a bound: with a server that
    stands still, those pile up, and what was given up keeps its place in the pool.
    """

    def _cancel_current_command(self, *_waiters: object) -> None:
        # A turn later: the caller is being told of the time-out now.
        asyncio.get_running_loop().call_soon(self.terminate)

    @override
    async def close(self, *, timeout: float | None = None) -> None:
        self.terminate()


class WaitingRoom:
    """Counts who waits for a connection; while the server is known to be away, nobody may."""

    def __init__(self, watch: DependencyWatch, count_max: int) -> None:
        self._watch = watch
        self._count_max = count_max
        self._count = 0

    @property
    def count(self) -> int:
        """How many wait."""
        return self._count

    def __enter__(self) -> None:
        """Take a place.

        Raises:
            UnavailableError: the server does not answer, or too many wait.
        """
        self._watch.require()
        if self._count >= self._count_max:
            raise UnavailableError("postgresql", "too many are waiting for a connection")
        self._count += 1

    def __exit__(self, *_: object) -> None:
        self._count -= 1


class ImpatientPool(asyncpg.Pool):
    """A pool whose every wait is bounded, and the number of those who wait."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - the library's own
        patience: Patience,
        watch: DependencyWatch,
        **options: Any,  # noqa: ANN401 - likewise
    ) -> None:
        super().__init__(*arguments, **options)
        self._patience = patience
        self._waiting_room = WaitingRoom(watch, patience.waiting_count_max)

    @override
    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext:
        seconds = self._patience.place_seconds
        return _Place(self, seconds if timeout is None else min(timeout, seconds))

    @property
    def waiting_room(self) -> WaitingRoom:
        """Where callers wait for a connection."""
        return self._waiting_room


class _Place(PoolAcquireContext):
    pool: ImpatientPool

    @override
    async def __aenter__(self) -> Any:
        with self.pool.waiting_room:
            return await super().__aenter__()
