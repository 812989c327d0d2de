"""Looks idempotency keys up, as many with one statement as are asked for at the moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.exceptions import UnavailableError

QUEUE_COUNT_MAX = 5_000
BATCH_COUNT_MAX = 500


@dataclass(slots=True, eq=False)
class _Asked:
    buyer_id: int
    key: str
    found: asyncio.Future[asyncpg.Record | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class KeyedBookings:
    """Every booking under a key is looked up before anything else; in a crowd, one by one they
    would take the connections from all who wait for one.
    """

    def __init__(self, pool: asyncpg.Pool, statement: str, *, wait_seconds_max: float) -> None:
        """``statement`` takes buyers and keys, two arrays, and returns rows of bookings."""
        self._pool = pool
        self._statement = statement
        self._wait_seconds_max = wait_seconds_max
        self._queue: asyncio.Queue[_Asked] = asyncio.Queue(QUEUE_COUNT_MAX)

    async def find(self, buyer_id: int, key: str) -> asyncpg.Record | None:
        """The booking's row, if there is one under the key.

        Raises:
            UnavailableError: it cannot be told now.
        """
        asked = _Asked(buyer_id, key)
        try:
            self._queue.put_nowait(asked)
            async with asyncio.timeout(self._wait_seconds_max):
                return await asked.found
        except asyncio.QueueFull:
            raise UnavailableError("postgresql", "too many keys are looked up") from None
        except TimeoutError:
            raise UnavailableError("postgresql", "the key was not looked up in time") from None

    async def run(self) -> None:
        """Look up what is asked for, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH_COUNT_MAX and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._look_up([asked for asked in batch if not asked.found.done()])

    async def _look_up(self, batch: Sequence[_Asked]) -> None:
        try:
            async with unavailable_on_connection_loss():
                rows = await self._pool.fetch(
                    self._statement,
                    [asked.buyer_id for asked in batch],
                    [asked.key for asked in batch],
                )
        except Exception as error:  # noqa: BLE001 - it is the answer of each who asked
            for asked in batch:
                if not asked.found.done():
                    asked.found.set_exception(error)
            return
        found = {(row["buyer_id"], row["idempotency_key"]): row for row in rows}
        for asked in batch:
            if not asked.found.done():
                asked.found.set_result(found.get((asked.buyer_id, asked.key)))
