"""The guards of what sellers do to a sale: limit it, take seats out of it, cancel it."""

import asyncio

from onsale.service.shared_kernel.seating import SeatPosition
from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import (
    SetSeatsBlockedUseCase,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    BookingNotPayableError,
    SeatConflictError,
    TicketLimitReachedError,
)
from onsale.service.ticketing.driven_adapter.repository import (
    asyncpg_ticketing_transaction,
    booking_batch,
    buyer_allowances,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from tests.controls.interleaving import until_two_wait, until_waiting_or
from tests.controls.judges import money_taken, verified
from tests.controls.payment_guards import BOLT, BOLTED, CARD
from tests.controls.side_by_side_guards import new_booking
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import (
    InMethod,
    InStatement,
    WithoutConstraint,
    edited_statements,
)
from tests.support.pipeline import Pipeline
from tests.support.tasks import background


async def two_processes_count_for_a_buyer_at_once(stage: Stage) -> list[str]:
    """Each has counted as soon as it can, and stores what it has admitted when both have."""
    pipeline = stage.pipeline
    event = await pipeline.open_event(max_tickets_per_buyer=1)
    buyer = await pipeline.user(UserRole.BUYER)
    other = AsyncpgBookingIntake(pipeline.pool)
    async with background(other.run()):
        async with pipeline.pool.acquire() as connection, connection.transaction():
            # What a row's foreign key needs to share.
            await connection.execute("SELECT FROM event FOR UPDATE")
            adding = [
                asyncio.create_task(
                    intake.add(new_booking(buyer.user_id, event.id), None, is_limited=True)
                )
                for intake in (pipeline.intake, other)
            ]
            await until_two_wait(pipeline)
        await asyncio.gather(*adding, return_exceptions=True)
    return await _beyond_the_limit(pipeline, event)


async def a_limit_is_new_to_a_process(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.pool.execute("UPDATE event SET max_tickets_per_buyer = 1")
    for _ in range(2):
        try:
            await pipeline.book(buyer, event)
        except TicketLimitReachedError:
            continue
    return await _beyond_the_limit(pipeline, event)


async def a_seat_that_is_held_is_blocked(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    try:
        await _block(pipeline, event, "1-1")
    except SeatConflictError:
        return await verified(pipeline, event)
    status = (await pipeline.booking(held.id)).status
    return [f"a seat is blocked of which a booking says that it is {status}"]


async def a_seat_is_blocked_that_the_store_has_just_given(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event)
    results = await pipeline.decide(await pipeline.commands())
    await _block(pipeline, event, "1-1")
    await pipeline.apply_results.execute(results)
    await pipeline.load.execute(event.id)
    await pipeline.resend.execute()
    await pipeline.settle()
    booking = await pipeline.booking(booking.id)
    if booking.status is BookingStatus.PENDING_PAYMENT:
        return await verified(pipeline, event)
    return [
        f"whoever asked for any seat got none, for {booking.failure_reason}, and 49 seats are left"
    ]


async def a_booking_is_stored_after_all_others_have_ended(stage: Stage) -> list[str]:
    """Its INSERT began before the event was cancelled, and nobody has seen it since."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "1-1")
    await pipeline.pool.execute("UPDATE event SET status = 'cancelled', cancelled_at = now()")
    await pipeline.settle()
    await pipeline.resend.execute()
    await pipeline.settle()
    return await verified(pipeline, event)


async def a_payment_begins_while_bookings_of_a_cancelled_event_are_claimed(
    stage: Stage,
) -> list[str]:
    """It looked whether the event is cancelled before it was, and is recorded after the claim has
    looked which bookings are being paid.
    """
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await _cancel(pipeline, event)
    async with pipeline.pool.acquire() as bolt:
        await bolt.execute("SELECT pg_advisory_lock($1)", BOLT)
        with edited_statements(
            asyncpg_ticketing_transaction,
            "claim_live_bookings",
            "WHERE event_id",
            f"WHERE {BOLTED} AND event_id",
        ):
            ending = asyncio.create_task(pipeline.end_cancelled_events.execute())
            await until_waiting_or(pipeline, ending.done)
        await pipeline.pool.execute(
            "INSERT INTO payment_attempt (id, booking_id, amount, currency)"
            " VALUES (gen_random_uuid(), $1, $2, 'USD')",
            *(held.id, held.total_price),
        )
        await bolt.execute("SELECT pg_advisory_unlock($1)", BOLT)
        await ending
    status = (await pipeline.booking(held.id)).status
    return [f"a booking is {status} while money is taken for it"] * (status == "cancelled")


async def a_paid_booking_ends_with_its_event(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, _ = await _sold_out_of(pipeline)
    await _cancel(pipeline, event)
    await pipeline.end_cancelled_events.execute()
    await pipeline.settle()
    await pipeline.load.execute(event.id)
    return await verified(pipeline, event)


async def a_hold_of_a_cancelled_event_is_paid(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await _cancel(pipeline, event)
    try:
        await pipeline.pay.execute(buyer, held.id, CARD)
    except BookingNotPayableError:
        return await money_taken(pipeline)
    return ["money was taken for an event that was cancelled"]


async def an_event_is_cancelled_when_the_store_has_forgotten_its_answers(
    stage: Stage,
) -> list[str]:
    """What was sold more than a month ago."""
    pipeline = stage.pipeline
    event, _ = await _sold_out_of(pipeline)
    for key in await pipeline.redis.keys(f"answers:{{e{event.id}}}:*"):
        await pipeline.redis.delete(key)
    await _cancel(pipeline, event)
    await pipeline.end_cancelled_events.execute()
    await pipeline.settle()
    await pipeline.load.execute(event.id)
    return await verified(pipeline, event)


async def _sold_out_of(pipeline: Pipeline) -> tuple[Event, Booking]:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await pipeline.pay.execute(buyer, held.id, CARD)
    await pipeline.settle()
    return event, held


def _seller_of(event: Event) -> Principal:
    return Principal(event.seller_id, UserRole.SELLER, token_id="-")


async def _cancel(pipeline: Pipeline, event: Event) -> None:
    await pipeline.cancel_event.execute(_seller_of(event), event.id)


async def _block(pipeline: Pipeline, event: Event, seat: str) -> None:
    seats = [SeatPosition.parse(seat)]
    await pipeline.set_seats_blocked.execute(
        _seller_of(event), event.id, "A", 1, seats, blocked=True
    )


async def _beyond_the_limit(pipeline: Pipeline, event: Event) -> list[str]:
    count = await pipeline.pool.fetchval(
        "SELECT count(*) FROM booking WHERE event_id = $1", event.id
    )
    return [f"a buyer who may have 1 ticket has {count}"] * (count > 1)


SELLER_GUARDS = (
    Guard(
        "a lock for each buyer of an event with a limit",
        "Two processes that count the same tickets would each find room for one more.",
        (
            InStatement(
                buyer_allowances,
                "lock_allowances",
                "pg_advisory_xact_lock(event_number, buyer_number)",
                "event_number, buyer_number",
            ),
        ),
        two_processes_count_for_a_buyer_at_once,
    ),
    Guard(
        "the INSERT asks whether buyers were counted",
        "A process that has yet to hear of a limit must not go past it.",
        (
            InStatement(
                booking_batch,
                "insert",
                "(event.max_tickets_per_buyer IS NULL OR $14::boolean)",
                "$14::boolean IS NOT NULL",
            ),
        ),
        a_limit_is_new_to_a_process,
    ),
    Guard(
        "a seat is blocked only from available",
        "A ticket that a booking has is not its seller's to take.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "restate_seats",
                "AND ticket.status = $6",
                "AND $6::text IS NOT NULL",
            ),
            WithoutConstraint("ticket", "ck_ticket_taken_by_a_booking"),
        ),
        a_seat_that_is_held_is_blocked,
    ),
    Guard(
        "the epoch ends when seats are blocked",
        "What the store decided without knowing of it is decided again, not refused.",
        (
            InMethod(
                SetSeatsBlockedUseCase, "execute", "await transaction.raise_epoch(event_id)", "pass"
            ),
        ),
        a_seat_is_blocked_that_the_store_has_just_given,
    ),
    Guard(
        "a result asks whether the event is cancelled",
        "A booking that was stored too late to be seen must not get its seats.",
        (
            InStatement(
                asyncpg_ticketing_transaction,
                "event_terms",
                "status = 'cancelled' AS is_cancelled",
                "false AS is_cancelled",
            ),
        ),
        a_booking_is_stored_after_all_others_have_ended,
    ),
    Guard(
        "the end of an event asks again for payments under the lock",
        "Between the look for bookings and their lock, a payment may have begun.",
        (InMethod(EndCancelledEventsUseCase, "_end", " if booking.id not in being_paid", ""),),
        a_payment_begins_while_bookings_of_a_cancelled_event_are_claimed,
    ),
    Guard(
        "what was paid is owed back as its booking ends",
        "No booking may lose its tickets and not get its money.",
        (
            InMethod(
                EndCancelledEventsUseCase,
                "_end",
                "if booking.payment_id is not None:",
                "if False:",
            ),
        ),
        a_paid_booking_ends_with_its_event,
    ),
    Guard(
        "pay asks whether the event is cancelled",
        "Until its booking has ended, a hold could be paid for nothing.",
        (
            InMethod(
                MockPaymentAndUpdateStatusToCompletedUseCase,
                "_open_attempt",
                "if await transaction.is_cancelled(booking.event_id):",
                "if False:",
            ),
        ),
        a_hold_of_a_cancelled_event_is_paid,
    ),
    Guard(
        "a cancelled event is loaded once more",
        "The store frees only what its answers speak of, and those are kept for a month.",
        (
            InMethod(
                EndCancelledEventsUseCase,
                "_end",
                "await transaction.request_load([event_id])",
                "pass",
            ),
        ),
        an_event_is_cancelled_when_the_store_has_forgotten_its_answers,
    ),
)
