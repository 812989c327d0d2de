"""Takes bookings in by group commit: requests that are under way share statements."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.platform.exceptions import UnavailableError
from onsale.platform.pace import Pace
from onsale.service.ticketing.app.interface.i_booking_repository import IdempotencyKey, Intake
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.exceptions import (
    EventNotOnSaleError,
    IdempotencyKeyReusedError,
)
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row
from onsale.service.ticketing.driven_adapter.repository.keyed_bookings import KeyedBookings

QUEUE_COUNT_MAX = 2_000
BATCH_COUNT_MAX = 250
PACE_SECONDS = 0.005
"""Shorter than elsewhere: somebody waits for the answer."""
WAIT_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.05
"""How late it may be noticed that a booking has waited too long."""
ACQUIRE_TIMEOUT_SECONDS = 2.0

_SQL = load_statements(Path(__file__).parent / "sql" / "booking_intake.sql")


@dataclass(slots=True, eq=False)
class _Waiting:
    booking: Booking
    key: IdempotencyKey | None
    since: float
    done: asyncio.Future[Intake]
    is_sent: bool = False

    @property
    def named(self) -> tuple[int, str] | None:
        return None if self.key is None else (self.booking.buyer_id, self.key.key)

    def succeed(self, intake: Intake) -> None:
        if not self.done.done():
            self.done.set_result(intake)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class AsyncpgBookingIntake:
    """A writer takes whatever is waiting and stores it with one statement and one commit; while it
    waits for the disk the next batch gathers, so the batch grows with the load by itself. Below
    that load batches keep a pace.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        writer_count: int = 2,
        batch_count_max: int = BATCH_COUNT_MAX,
        wait_seconds_max: float = WAIT_SECONDS_MAX,
        on_unacknowledged: Callable[[Booking], None] = lambda _: None,
        require_database: Callable[[], None] = lambda: None,
    ) -> None:
        """``writer_count`` statements are under way at most, of ``batch_count_max`` rows each.

        ``on_unacknowledged`` hears of bookings that may have been stored although their caller was
        told otherwise. Not of those with an idempotency key: a retry finds them.
        ``require_database`` raises while the database is known to stand still: nobody is let into
        a queue that does not move.
        """
        self._require_database = require_database
        self._pool = pool
        self._writer_count = writer_count
        self._batch_count_max = batch_count_max
        self._wait_seconds_max = wait_seconds_max
        self._on_unacknowledged = on_unacknowledged
        self._gathering = asyncio.Lock()
        self._pace = Pace(batch_count_max, seconds=PACE_SECONDS)
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(QUEUE_COUNT_MAX)
        self._unanswered: deque[_Waiting] = deque()
        self._keyed = KeyedBookings(pool, _SQL["by_keys"], wait_seconds_max=wait_seconds_max)

    async def add(self, booking: Booking, key: IdempotencyKey | None) -> Intake:
        self._require_database()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(booking, key, loop.time(), loop.create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise UnavailableError("postgresql", "too many bookings are waiting") from None
        self._unanswered.append(waiting)
        try:
            return await waiting.done
        except (UnavailableError, asyncio.CancelledError):
            self._not_acknowledged(waiting)
            raise

    def _not_acknowledged(self, waiting: _Waiting) -> None:
        if waiting.is_sent and waiting.key is None:
            self._on_unacknowledged(waiting.booking)

    async def find(self, buyer_id: int, key: IdempotencyKey) -> Booking | None:
        self._require_database()
        row = await self._keyed.find(buyer_id, key.key)
        return None if row is None else _same_request(row, key)

    async def run(self) -> None:
        """Store what is added and look up what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keyed.run())
            tasks.create_task(self._give_up_on_the_late())
            for _ in range(self._writer_count):
                tasks.create_task(self._write())

    async def _give_up_on_the_late(self) -> None:
        """They stand in the order in which their time runs out, so no booking needs a timer."""
        loop, unanswered = asyncio.get_running_loop(), self._unanswered
        while True:
            late_since = loop.time() - self._wait_seconds_max
            while unanswered and (unanswered[0].done.done() or unanswered[0].since <= late_since):
                unanswered.popleft().fail(
                    UnavailableError("postgresql", "the booking was not acknowledged in time")
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def _write(self) -> None:
        while True:
            batch = await self._next_batch()
            # Whoever gave up waiting is not served: the client was told that nothing was stored.
            await self._store([waiting for waiting in batch if not waiting.done.done()])

    async def _next_batch(self) -> Sequence[_Waiting]:
        # One writer at a time, or each would wait with a part of the batch.
        async with self._gathering:
            batch = [await self._queue.get()]
            await asyncio.sleep(self._pace.seconds_to_wait())
            while len(batch) < self._batch_count_max and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            self._pace.begin(len(batch))
            return batch

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            await self._insert_again_if_lost(batch)
        except UnavailableError as error:
            for waiting in batch:
                waiting.fail(error)
        except Exception as error:  # noqa: BLE001 - each row gets its own answer below
            if len(batch) == 1:
                batch[0].fail(error)
                return
            for waiting in batch:
                await self._store([waiting])

    async def _insert_again_if_lost(self, batch: Sequence[_Waiting]) -> None:
        try:
            async with unavailable_on_connection_loss():
                await self._insert(batch)
        except UnavailableError:
            # Lost at its commit, the statement may have stored them: the same ids tell.
            async with unavailable_on_connection_loss():
                await self._insert(batch)

    async def _insert(self, batch: Sequence[_Waiting]) -> None:
        keyed = [waiting for waiting in batch if waiting.key is not None]
        names = [list(column) for column in zip(*(w.named for w in keyed if w.named), strict=True)]
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
            if keyed:
                await connection.execute(_SQL["clear_expired_keys"], *names)
            # Whoever gave up meanwhile was told that nothing is stored, and nothing shall be.
            batch = [waiting for waiting in batch if not waiting.done.done()]
            if not batch:
                return
            for waiting in batch:
                waiting.is_sent = True
            rows = [_columns(waiting.booking, waiting.key) for waiting in batch]
            inserted = await connection.fetch(_SQL["insert"], *map(list, zip(*rows, strict=True)))
            stored = {row["id"]: row["created_at"] for row in inserted}
            # Looked up once: the ids of the two libraries are slow to compare.
            stored_at = [stored.get(waiting.booking.id) for waiting in batch]
            missing = [w.booking.id for w, at in zip(batch, stored_at, strict=True) if at is None]
            earlier: dict[tuple[int, str], asyncpg.Record] = {}
            if missing:
                # Stored before a connection was lost at its commit, or under an idempotency key.
                again = await connection.fetch(_SQL["stored_ids"], missing)
                stored.update((row["id"], row["created_at"]) for row in again)
                stored_at = [stored.get(waiting.booking.id) for waiting in batch]
                if keyed:
                    found = await connection.fetch(_SQL["by_keys"], *names)
                    earlier = {(row["buyer_id"], row["idempotency_key"]): row for row in found}
        for waiting, at in zip(batch, stored_at, strict=True):
            _answer(waiting, at, earlier)


def _answer(
    waiting: _Waiting,
    stored_at: datetime | None,
    earlier: dict[tuple[int, str], asyncpg.Record],
) -> None:
    if stored_at is not None:
        waiting.booking.created_at = stored_at
        waiting.succeed(Intake(waiting.booking, is_new=True))
        return
    row = earlier.get(waiting.named) if waiting.named else None
    if row is None or waiting.key is None:
        waiting.fail(EventNotOnSaleError())
        return
    try:
        waiting.succeed(Intake(_same_request(row, waiting.key), is_new=False))
    except IdempotencyKeyReusedError as error:
        waiting.fail(error)


def _same_request(row: asyncpg.Record, key: IdempotencyKey) -> Booking:
    if row["request_digest"] != key.request_digest:
        raise IdempotencyKeyReusedError
    return booking_from_row(row)


def _columns(booking: Booking, key: IdempotencyKey | None) -> tuple[object, ...]:
    return (
        booking.id,
        booking.buyer_id,
        booking.event_id,
        booking.section,
        booking.subsection,
        booking.seat_selection_mode.value,
        booking.quantity,
        ",".join(booking.seat_positions),
        booking.total_price,
        booking.currency,
        None if key is None else key.key,
        None if key is None else key.request_digest,
    )
