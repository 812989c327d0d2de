"""Takes bookings in by group commit: requests that are under way share statements."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.platform.exceptions import UnavailableError
from onsale.platform.pace import Pace
from onsale.service.ticketing.app.interface.i_booking_repository import IdempotencyKey, Intake
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.driven_adapter.repository.booking_batch import (
    BookingBatch,
    WaitingBooking,
    same_request,
)
from onsale.service.ticketing.driven_adapter.repository.buyer_allowances import BuyerAllowances
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

_Insert = Callable[[Sequence[WaitingBooking]], Awaitable[None]]


class _Line:
    """Bookings that wait to be stored."""

    def __init__(self, batch_count_max: int) -> None:
        self._batch_count_max = batch_count_max
        self._queue: asyncio.Queue[WaitingBooking] = asyncio.Queue(QUEUE_COUNT_MAX)
        self._pace = Pace(batch_count_max, seconds=PACE_SECONDS)
        self._gathering = asyncio.Lock()

    def join(self, waiting: WaitingBooking) -> None:
        """Wait behind the others.

        Raises:
            UnavailableError: the line is as long as it may be.
        """
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise UnavailableError("postgresql", "too many bookings are waiting") from None

    @property
    def waiting_count(self) -> int:
        """How many wait."""
        return self._queue.qsize()

    async def next_batch(self) -> list[WaitingBooking]:
        """As many as have come, and at least one."""
        # One writer at a time, or each would wait with a part of the batch.
        async with self._gathering:
            batch = [await self._queue.get()]
            await asyncio.sleep(self._pace.seconds_to_wait())
            while len(batch) < self._batch_count_max and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            self._pace.begin(len(batch))
            return batch


class AsyncpgBookingIntake:
    """A writer takes whatever is waiting and stores it with one statement and one commit; while it
    waits for the disk the next batch gathers, so the batch grows with the load by itself. Below
    that load batches keep a pace.

    Bookings of events that limit their buyers have a queue and a writer of their own, which counts
    what each buyer has under locks that it may have to wait for; nobody else waits with it.
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
        on_batch: Callable[[int, float], None] = lambda _count, _seconds: None,
    ) -> None:
        """``writer_count`` statements are under way at most, of ``batch_count_max`` rows each.

        ``on_unacknowledged`` hears of bookings that may have been stored although their caller was
        told otherwise. Not of those with an idempotency key: a retry finds them.
        ``require_database`` raises while the database is known to stand still: nobody is let into
        a queue that does not move. ``on_batch`` hears of each batch: how many it was of, and the
        seconds that it took.
        """
        self._on_batch = on_batch
        self._require_database = require_database
        self._pool = pool
        self._writer_count = writer_count
        self._wait_seconds_max = wait_seconds_max
        self._on_unacknowledged = on_unacknowledged
        self._line = _Line(batch_count_max)
        self._counted_line = _Line(batch_count_max)
        self._unanswered: deque[WaitingBooking] = deque()
        self._keyed = KeyedBookings(pool, _SQL["by_keys"], wait_seconds_max=wait_seconds_max)

    async def add(
        self, booking: Booking, key: IdempotencyKey | None, *, is_limited: bool = False
    ) -> Intake:
        self._require_database()
        loop = asyncio.get_running_loop()
        waiting = WaitingBooking(booking, key, loop.time(), loop.create_future())
        (self._counted_line if is_limited else self._line).join(waiting)
        self._unanswered.append(waiting)
        try:
            return await waiting.done
        except (UnavailableError, asyncio.CancelledError):
            self._not_acknowledged(waiting)
            raise

    def _not_acknowledged(self, waiting: WaitingBooking) -> None:
        if waiting.is_sent and waiting.key is None:
            self._on_unacknowledged(waiting.booking)

    async def find(self, buyer_id: int, key: IdempotencyKey) -> Booking | None:
        self._require_database()
        row = await self._keyed.find(buyer_id, key.key)
        return None if row is None else same_request(row, key)

    async def run(self) -> None:
        """Store what is added and look up what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keyed.run())
            tasks.create_task(self._give_up_on_the_late())
            for _ in range(self._writer_count):
                tasks.create_task(self._write(self._line, self._insert))
            tasks.create_task(self._write(self._counted_line, self._insert_counted))

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

    @property
    def waiting_counts(self) -> tuple[int, int]:
        """How many bookings wait to be stored, and how many of events that limit their buyers."""
        return self._line.waiting_count, self._counted_line.waiting_count

    async def _write(self, line: _Line, insert: _Insert) -> None:
        while True:
            batch = await line.next_batch()
            began = monotonic()
            # Whoever gave up waiting is not served: the client was told that nothing was stored.
            await _store([waiting for waiting in batch if not waiting.done.done()], insert)
            self._on_batch(len(batch), monotonic() - began)

    async def _insert(self, waiting: Sequence[WaitingBooking]) -> None:
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
            batch = BookingBatch(connection, waiting)
            await batch.clear_expired_keys()
            batch.leave_out_who_gave_up()
            if not batch.waiting:
                return
            await batch.insert(batch.waiting, are_counted=False)
            await batch.find()
            # The catalog may not have heard of a limit that is new.
            uncounted = await batch.refused_for_a_limit()
        for each in uncounted:
            self._count_after_all(each)
        for each in batch.waiting:
            if each not in uncounted:
                batch.answer(each)

    def _count_after_all(self, waiting: WaitingBooking) -> None:
        waiting.is_sent = False
        try:
            self._counted_line.join(waiting)
        except UnavailableError as error:
            waiting.fail(error)

    async def _insert_counted(self, waiting: Sequence[WaitingBooking]) -> None:
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
            batch = BookingBatch(connection, waiting)
            await batch.clear_expired_keys()
            async with connection.transaction():
                allowances = await BuyerAllowances.locked(
                    connection, [each.booking for each in waiting]
                )
                # Before anybody is counted: what is stored already counts, and once.
                await batch.find()
                batch.leave_out_who_gave_up()
                admitted = allowances.admit(batch.unknown())
                if admitted:
                    await batch.insert(admitted, are_counted=True)
                    await batch.find()
        allowances.refuse_the_others()
        for each in batch.waiting:
            batch.answer(each)


async def _store(batch: Sequence[WaitingBooking], insert: _Insert) -> None:
    if not batch:
        return
    try:
        await _insert_again_if_lost(batch, insert)
    except UnavailableError as error:
        for waiting in batch:
            waiting.fail(error)
    except Exception as error:  # noqa: BLE001 - each row gets its own answer below
        if len(batch) == 1:
            batch[0].fail(error)
            return
        for waiting in batch:
            await _store([waiting], insert)


async def _insert_again_if_lost(batch: Sequence[WaitingBooking], insert: _Insert) -> None:
    try:
        async with unavailable_on_connection_loss():
            await insert(batch)
    except UnavailableError:
        # Lost at its commit, the statement may have stored them: the same ids tell.
        async with unavailable_on_connection_loss():
            await insert(batch)
