"""The guards of the ledger: what PostgreSQL refuses however wrong or repeated what it is told."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import cast

from onsale.service.shared_kernel.seat_messages import RefusalReason, SeatsRefused
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    ApplySeatResultsUseCase,
)
from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.interface.i_booking_repository import IBookingIntake
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingTransaction
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import IllegalTransitionError, TicketingError
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from tests.controls.interleaving import TIMEOUT_SECONDS, Gate, HookedPort, until_waiting_or
from tests.controls.judges import promised_twice, verified
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InMethod, InStatement, WithoutConstraint
from tests.support.lying_store import lying_result
from tests.support.tasks import background


async def the_store_gives_away_a_seat_that_is_held(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.hold(buyer, event, "1-1", "1-2")
    _, lie = await lying_result(pipeline, event, "1-2", "1-3")
    await pipeline.apply_results.execute([lie])
    await pipeline.load.execute(event.id)
    return [*await promised_twice(pipeline), *await verified(pipeline, event)]


async def a_result_of_an_older_epoch_comes_after_a_load(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "1-1")
    results = await pipeline.decide(await pipeline.commands())
    await pipeline.load.execute(event.id, always=True)
    await pipeline.apply_results.execute(results)
    await pipeline.resend.execute()
    await pipeline.settle()
    return await verified(pipeline, event)


async def a_load_begins_while_results_are_written(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "1-1")
    results = await pipeline.decide(await pipeline.commands())
    gate = Gate()

    async def apply_slowly(transaction: ITicketingTransaction) -> None:
        await pipeline.apply_results._apply(results, transaction, singly=False)
        await gate.arrive_in(transaction)

    writing = asyncio.create_task(pipeline.unit_of_work.run(apply_slowly))
    await gate.reached_by(writing)
    loading = asyncio.create_task(pipeline.load.execute(event.id, always=True))
    await until_waiting_or(pipeline, loading.done)
    gate.open()
    await asyncio.gather(writing, loading)
    await pipeline.settle()
    return await verified(pipeline, event)


async def a_dead_letter_comes_with_the_result_it_follows(stage: Stage) -> list[str]:
    """The seat worker had answered before it gave the command up, and both come in one batch."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    (reserve,) = await pipeline.commands()
    refusal = SeatsRefused(
        booking_id=booking.id,
        event_id=event.id,
        section="A",
        subsection=1,
        epoch=reserve.epoch,
        seq=reserve.seq,
        reason=RefusalReason.UNPROCESSABLE,
    )
    results = [*await pipeline.decide([reserve]), refusal]
    try:
        await pipeline.apply_results.execute(results)
    except IllegalTransitionError:
        return ["a batch of results cannot be written, however often it comes"]
    return await verified(pipeline, event)


async def a_booking_holds_a_ticket_that_is_sold(stage: Stage) -> list[str]:
    """Rows that contradict each other: which of them is right is not for a cancellation to say."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    await pipeline.pool.execute(
        "UPDATE ticket SET status = 'sold' WHERE seat_number = 2 AND booking_id = $1", held.id
    )
    await pipeline.cancel.execute(buyer, held.id)
    sold = await pipeline.pool.fetchval("SELECT count(*) FROM ticket WHERE status = 'sold'")
    return [] if sold else ["a ticket that was sold is on offer"]


async def a_booking_changes_behind_its_lock(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")

    async def write_what_is_outdated(transaction: ITicketingTransaction) -> None:
        locked = (await transaction.lock_bookings([booking.id]))[booking.id]
        # By a connection that the lock does not stop, as that of a hand at the console.
        connection = cast("asyncpg_ticketing_transaction.AsyncpgTicketingTransaction", transaction)
        await connection._connection.execute(
            "UPDATE booking SET command_seq = 9 WHERE id = $1", booking.id
        )
        locked.settle()
        await transaction.save_bookings([locked])

    try:
        await pipeline.unit_of_work.run(write_what_is_outdated)
    except IllegalTransitionError:
        return []
    seq = (await pipeline.booking(booking.id)).command_seq
    return [f"the command number of a booking went back from 9 to {seq}"]


async def a_booking_is_joined_to_anothers_ticket(stage: Stage) -> list[str]:
    """A join that is wrong must not give away the seat of the booking that has it."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    mine = await pipeline.hold(buyer, event, "1-1")
    theirs = await pipeline.hold(buyer, event, "1-2")
    await pipeline.pool.execute(
        "UPDATE booking_ticket SET booking_id = $1 WHERE booking_id = $2", mine.id, theirs.id
    )
    await pipeline.cancel.execute(buyer, mine.id)
    await pipeline.settle()
    left = await pipeline.pool.fetchval("SELECT count(*) FROM ticket WHERE booking_id IS NOT NULL")
    return [] if left else ["a booking that is pending_payment has no ticket left"]


async def two_processes_take_in_the_same_key(stage: Stage) -> list[str]:
    """Both have looked the key up before either has stored it."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    both_looked = asyncio.Barrier(2)
    other = AsyncpgBookingIntake(pipeline.pool)

    async def create(intake: AsyncpgBookingIntake) -> Booking:
        hooked = cast("IBookingIntake", HookedPort(intake, after=both_looked.wait, only="find"))
        process = replace(pipeline, create_booking=replace(pipeline.create_booking, intake=hooked))
        return await process.book(buyer, event, key="once")

    async with background(other.run()), asyncio.timeout(TIMEOUT_SECONDS):
        await asyncio.gather(create(pipeline.intake), create(other))
    count = await pipeline.pool.fetchval("SELECT count(*) FROM booking")
    return [] if count == 1 else [f"{count} bookings were made under one key of one buyer"]


async def somebody_cancels_anothers_booking(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, owner = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(owner, event, "1-1")
    try:
        await pipeline.cancel.execute(await pipeline.user(UserRole.BUYER), held.id)
    except TicketingError:
        return []
    return [f"a stranger made a booking {(await pipeline.booking(held.id)).status}"]


async def a_sold_booking_is_cancelled(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await pipeline.pay.execute(buyer, held.id, "4242424242424242")
    with suppress(TicketingError):
        await pipeline.cancel.execute(buyer, held.id)
    await pipeline.settle()
    return await verified(pipeline, event)


_LOCK_AND_READ = """
        if await transaction.own_event(event_id) is None:
            return None
        if not always and not await transaction.owes_load(event_id):
            return None
        epoch = await transaction.raise_epoch(event_id)
        snapshot = await transaction.snapshot_seats(event_id)
"""
_READ_AND_LOCK = """
        snapshot = await transaction.snapshot_seats(event_id)
        if await transaction.own_event(event_id) is None:
            return None
        if not always and not await transaction.owes_load(event_id):
            return None
        epoch = await transaction.raise_epoch(event_id)
"""

LEDGER_GUARDS = (
    Guard(
        "ticket count check",
        "PostgreSQL alone refuses to sell a seat twice, even when the seat store is wrong.",
        (InMethod(ApplySeatResultsUseCase, "_hold", "if short:", "if False:"),),
        the_store_gives_away_a_seat_that_is_held,
    ),
    Guard(
        "epoch, in the ledger",
        "A result of an older epoch speaks of seats that a load has replaced.",
        (
            InMethod(
                ApplySeatResultsUseCase,
                "_decide",
                "elif result.epoch != event.epoch:",
                "elif False:",
            ),
        ),
        a_result_of_an_older_epoch_comes_after_a_load,
    ),
    Guard(
        "event lock: shared by results, owned by a load",
        "A load that does not wait for results being written leaves them out.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "share_free_event_locks",
                "pg_try_advisory_xact_lock_shared(id)",
                "pg_try_advisory_xact_lock_shared(-id)",
            ),
        ),
        a_load_begins_while_results_are_written,
    ),
    Guard(
        "lock before dependent read",
        "What is read after a lock must not be older than the lock, or the wait was for nothing.",
        (
            InMethod(
                LoadEventSeatsUseCase,
                "execute",
                _LOCK_AND_READ,
                _READ_AND_LOCK,
                said="the tickets are read before the event's lock is taken",
            ),
        ),
        a_load_begins_while_results_are_written,
    ),
    Guard(
        "a booking is written as it was read",
        "Whatever gets past a lock, status and command number never go back.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "save_bookings",
                "AND booking.status = b.from_status\n  AND booking.command_seq = b.from_seq",
            ),
        ),
        a_booking_changes_behind_its_lock,
    ),
    Guard(
        "a booking frees only its own tickets",
        "A wrong join must not put a seat on offer that another booking holds.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "free_tickets",
                "AND booking_id = ANY($2::uuid[])",
            ),
        ),
        a_booking_is_joined_to_anothers_ticket,
    ),
    Guard(
        "sold tickets stay sold",
        "Whatever a booking says, a ticket that was sold is not put on offer by giving it back.",
        (InStatement(asyncpg_ticketing_transaction, "free_tickets", "AND status = 'reserved'"),),
        a_booking_holds_a_ticket_that_is_sold,
    ),
    Guard(
        "one result for a booking in a batch",
        "A second result in the same batch meets a booking whose tickets have yet to move.",
        (
            InMethod(
                ApplySeatResultsUseCase,
                "_decide",
                "elif booking.id not in decision.claims:",
                "else:",
            ),
        ),
        a_dead_letter_comes_with_the_result_it_follows,
    ),
    Guard(
        "status condition on cancel",
        "What is paid is not given back by its buyer's second thoughts.",
        (
            InMethod(
                Booking,
                "cancel",
                "if self.status not in (BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT):",
                "if False:",
            ),
            WithoutConstraint("booking", "ck_booking_payment"),
        ),
        a_sold_booking_is_cancelled,
    ),
    Guard(
        "ownership of a booking",
        "Nobody ends or pays the booking of somebody else.",
        (InMethod(Booking, "require_buyer", "if self.buyer_id != user_id:", "if False:"),),
        somebody_cancels_anothers_booking,
    ),
    Guard(
        "idempotency key: unique for each buyer",
        "Two processes can look a key up at once; only one of them may store it.",
        (WithoutConstraint("booking", "uq_booking_buyer_id_idempotency_key"),),
        two_processes_take_in_the_same_key,
    ),
)
