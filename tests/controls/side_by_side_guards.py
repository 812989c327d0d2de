"""The guards of processes side by side: none waits for another, undoes it or repeats its work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import cast
from unittest import mock

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.ticketing.app.interface.i_booking_repository import IdempotencyKey
from onsale.service.ticketing.app.interface.i_drift_watch import OpenedEvent
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    TicketClaim,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import EventNotOnSaleError
from onsale.service.ticketing.driven_adapter.repository import (
    asyncpg_drift_ledger,
    asyncpg_ticketing_transaction,
    asyncpg_upkeep,
    booking_batch,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_drift_ledger import (
    AsyncpgDriftLedger,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_transaction import (
    AsyncpgTicketingTransaction,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driven_adapter.repository.booking_batch import BookingBatch
from tests.controls.interleaving import (
    Gate,
    HookedPort,
    until_two_wait,
    until_waiting_or,
)
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InMethod, InStatement
from tests.support.pipeline import Pipeline
from tests.support.tasks import background

# Held by a play while a statement has one row in hand and has yet to come to its second.
BOLT = 20_261_123
# A row is locked before its trigger is asked about an UPDATE; an INSERT has nothing until later.
_WAIT_WITH_ONE_ROW = f"""
CREATE FUNCTION wait_with_one_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR current_setting('play.has_written', true) = 'yes' THEN
        PERFORM pg_advisory_xact_lock_shared({BOLT});
    END IF;
    PERFORM set_config('play.has_written', 'yes', true);
    RETURN NEW;
END $$;
"""


async def two_workers_heal_the_same_difference(stage: Stage) -> list[str]:
    """Both saw it; the second asks for the load when the first has had it."""
    pipeline = stage.pipeline
    event = await pipeline.open_event()
    workers = [AsyncpgDriftLedger(pipeline.pool) for _ in range(2)]
    seen = OpenedEvent(event.id, event.epoch)
    load_count = 0
    for worker in workers:
        await worker.request_load(seen)
        load_count += await pipeline.load.execute(event.id) is not None
    return [] if load_count == 1 else [f"one difference was healed by {load_count} loads"]


async def a_worker_has_owed_commands_in_hand(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await _buyer(pipeline)
    for _ in range(2):
        await pipeline.book(buyer, event)
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now()")
    gate = Gate()

    async def claim_slowly(transaction: ITicketingTransaction) -> None:
        await transaction.due_commands(1)
        await gate.arrive_in(transaction)

    claiming = asyncio.create_task(pipeline.unit_of_work.run(claim_slowly))
    await gate.reached_by(claiming)
    other = asyncio.create_task(pipeline.resend.execute())
    await until_waiting_or(pipeline, other.done)
    is_kept_waiting = not other.done()
    gate.open()
    await asyncio.gather(claiming, other)
    return ["a worker waits for another to end its batch"] * is_kept_waiting


async def the_last_seat_goes_while_another_worker_counts(stage: Stage) -> list[str]:
    """The first worker has counted one seat; before it writes, the seat is gone."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(rows=1, seats_per_row=1), await _buyer(pipeline)
    held = await pipeline.hold(buyer, event)
    await pipeline.upkeep.follow_seats([event.id])
    await pipeline.cancel.execute(buyer, held.id)
    await pipeline.settle()
    gate = Gate()
    slow_seats = cast(
        "ISeatMap", HookedPort(pipeline.store, after=gate.arrive, only="any_available")
    )
    slow = asyncio.create_task(AsyncpgUpkeep(pipeline.pool, slow_seats).follow_seats([event.id]))
    await gate.reached_by(slow)
    await pipeline.hold(buyer, event)
    quick = asyncio.create_task(pipeline.upkeep.follow_seats([event.id]))
    await until_waiting_or(pipeline, quick.done)
    gate.open()
    await asyncio.gather(slow, quick)
    status = await pipeline.pool.fetchval("SELECT status FROM event WHERE id = $1", event.id)
    left = (await pipeline.store.counts(event.id))["A", 1].available
    return [f"an event is {status} with {left} seats left"] * (status != "sold_out")


async def a_connection_is_lost_at_the_commit_of_a_booking(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await _buyer(pipeline)
    answers = iter([ConnectionResetError("lost")])

    def lose_the_first(statement: str) -> None:
        if statement == booking_batch._SQL["insert"] and (lost := next(answers, None)):
            raise lost

    with _after_each_fetch(lose_the_first):
        try:
            await pipeline.book(buyer, event)
        except EventNotOnSaleError as refusal:
            stored = await pipeline.pool.fetchval("SELECT count(*) FROM booking")
            return [f"bookings stored: {stored}; their buyer was told {type(refusal).__name__}"]
    return []


async def two_processes_take_in_the_same_keys_in_opposite_order(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await _buyer(pipeline)
    # One writer each: two would take a key each, and no statement would have both.
    one, other = (AsyncpgBookingIntake(pipeline.pool, writer_count=1) for _ in range(2))

    async def add(intake: AsyncpgBookingIntake, *keys: str) -> None:
        bookings = [new_booking(buyer.user_id, event.id) for _ in keys]
        await asyncio.gather(
            *(
                intake.add(booking, IdempotencyKey(key, b"-"))
                for booking, key in zip(bookings, keys, strict=True)
            )
        )

    with _deadlocks() as deadlocks:
        async with background(one.run()), background(other.run()):
            async with _each_waits_with_one_row(pipeline, "booking"):
                adding = asyncio.gather(add(one, "a", "b"), add(other, "b", "a"))
                await until_two_wait(pipeline)
            await adding
    return ["two processes waited for each other"] * bool(deadlocks)


async def two_transactions_hold_the_same_seats_in_opposite_order(stage: Stage) -> list[str]:
    """The seat store is wrong about who has them; the ledger will let one of the two fail."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(rows=50, seats_per_row=100), await _buyer(pipeline)
    await pipeline.pool.execute("ANALYZE ticket")
    bookings = [await pipeline.book(buyer, event, "1-1", "1-2") for _ in range(2)]
    orders = (("1-1", "1-2"), ("1-2", "1-1"))

    async def hold(booking: Booking, seats: tuple[str, ...]) -> None:
        await pipeline.unit_of_work.run(
            lambda transaction: transaction.hold_tickets([TicketClaim(booking, seats)])
        )

    with _deadlocks() as deadlocks:
        async with _each_waits_with_one_row(pipeline, "ticket"):
            holding = asyncio.gather(*map(hold, bookings, orders))
            await until_two_wait(pipeline)
        await holding
    return ["two transactions waited for each other"] * bool(deadlocks)


async def _buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


def new_booking(buyer_id: int, event_id: int) -> Booking:
    return Booking(
        id=uuid7(),
        buyer_id=buyer_id,
        event_id=event_id,
        section="A",
        subsection=1,
        seat_selection_mode=SelectionMode.BEST_AVAILABLE,
        quantity=1,
        seat_positions=(),
        total_price=1_000,
        currency="USD",
        status=BookingStatus.PROCESSING,
        created_at=datetime.now(UTC),
    )


@asynccontextmanager
async def _each_waits_with_one_row(pipeline: Pipeline, table: str) -> AsyncIterator[None]:
    """Statements that write to the table get no further in the block than one row each."""
    async with pipeline.pool.acquire() as bolt:
        await bolt.execute(_WAIT_WITH_ONE_ROW)
        await bolt.execute(
            f'CREATE TRIGGER wait BEFORE INSERT OR UPDATE ON "{table}" FOR EACH ROW'
            " EXECUTE FUNCTION wait_with_one_row()"
        )
        await bolt.execute("SELECT pg_advisory_lock($1)", BOLT)
        try:
            yield
        finally:
            await bolt.execute("SELECT pg_advisory_unlock($1)", BOLT)


@contextmanager
def _after_each_fetch(check: Callable[[str], None]) -> Iterator[None]:
    """Have ``check`` called with each statement that was carried out and whose rows are awaited."""
    fetch: Callable[..., Awaitable[object]] = PoolConnectionProxy.fetch

    async def checked(connection: object, statement: str, *arguments: object) -> object:
        rows = await fetch(connection, statement, *arguments)
        check(statement)
        return rows

    with mock.patch.object(PoolConnectionProxy, "fetch", checked):
        yield


@contextmanager
def _deadlocks() -> Iterator[list[Exception]]:
    """The deadlocks of the block; whoever meets one tries again, so nobody else sees it."""
    met: list[Exception] = []
    fetch: Callable[..., Awaitable[object]] = PoolConnectionProxy.fetch

    async def noted(connection: object, statement: str, *arguments: object) -> object:
        try:
            return await fetch(connection, statement, *arguments)
        except asyncpg.DeadlockDetectedError as error:
            met.append(error)
            raise

    with mock.patch.object(PoolConnectionProxy, "fetch", noted):
        yield met


SIDE_BY_SIDE_GUARDS = (
    Guard(
        "a load is asked for under the epoch that was seen",
        "Workers see the same difference; the one that asks late must not have it healed again.",
        (
            InStatement(
                asyncpg_drift_ledger,
                "request_load",
                "AND epoch = $2",
                "AND $2::bigint IS NOT NULL",
            ),
        ),
        two_workers_heal_the_same_difference,
    ),
    Guard(
        "owed commands in another's hand are skipped",
        "Any number of workers send what is due; none stands in line behind another's batch.",
        (InStatement(asyncpg_ticketing_transaction, "due_commands", " SKIP LOCKED"),),
        a_worker_has_owed_commands_in_hand,
    ),
    Guard(
        "one worker at a time counts seats for statuses",
        "Of two workers that follow an event's seats, the one that counted last has the last word.",
        (
            InStatement(
                asyncpg_upkeep,
                "follow_seats_alone",
                "pg_advisory_xact_lock($1::bigint)",
                "$1::bigint",
            ),
        ),
        the_last_seat_goes_while_another_worker_counts,
    ),
    Guard(
        "a row is found again whose connection was lost",
        "An INSERT whose answer was lost may have been committed; its buyer must not be refused.",
        (
            InMethod(
                BookingBatch,
                "find",
                'self._note(await self._connection.fetch(_SQL["stored_ids"], ids), missing)',
                "pass",
            ),
        ),
        a_connection_is_lost_at_the_commit_of_a_booking,
    ),
    Guard(
        "bookings are stored in the order of their keys",
        "Two processes that bring the same keys must not each wait for what the other has stored.",
        (InStatement(booking_batch, "insert", "ORDER BY b.buyer_id, b.key, b.id"),),
        two_processes_take_in_the_same_keys_in_opposite_order,
    ),
    Guard(
        "seats are locked in order before they move",
        "Two transactions with the same seats must not each wait for what the other has moved.",
        (
            InMethod(
                AsyncpgTicketingTransaction,
                "hold_tickets",
                'await self._connection.fetch(_SQL["lock_seats"], *columns[:5])',
                "pass",
            ),
        ),
        two_transactions_hold_the_same_seats_in_opposite_order,
    ),
)
