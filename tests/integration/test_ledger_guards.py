"""PostgreSQL alone refuses to sell a seat twice, however wrong or repeated what it is told.

What happens without each of its guards is shown in tests/controls.
"""

import asyncio

import pytest

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatsRefused,
)
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    SEAT_TAKEN,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    BookingStatus,
    OwedCommand,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from tests.support.lying_store import lying_result
from tests.support.pipeline import Pipeline


async def test_a_booking_whose_seat_is_anothers_fails_alone(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    first = await pipeline.hold(buyer, event, "1-1", "1-2")
    thief, lie = await lying_result(pipeline, event, "1-2", "1-3")
    honest, truth = await lying_result(pipeline, event, "3-1")

    await pipeline.apply_results.execute([lie, truth])

    assert (await pipeline.booking(first.id)).seat_positions == ("1-1", "1-2")
    failed = await pipeline.booking(thief.id)
    assert (failed.status, failed.failure_reason) == (BookingStatus.FAILED, SEAT_TAKEN)
    assert (await pipeline.booking(honest.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.load.execute(event.id), "the store was wrong, so a load is due"
    assert await pipeline.differences(event.id) == []


async def test_a_result_that_comes_twice_has_the_effect_of_once(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, quantity=2)
    commands = await pipeline.commands()
    results = await pipeline.decide(commands)

    await pipeline.apply_results.execute([*results, *results])
    held = await pipeline.booking(booking.id)
    assert await pipeline.decide(commands) == results, "the first answer again, not new seats"
    await pipeline.apply_results.execute(results)

    assert await pipeline.booking(booking.id) == held
    assert await pipeline.differences(event.id) == []


async def test_a_reserved_for_a_booking_that_failed_is_given_back(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    results = await pipeline.decide(await pipeline.commands())
    async with pipeline.pool.acquire() as connection:
        await connection.execute(
            "UPDATE booking SET status = 'failed', failure_reason = 'unprocessable',"
            " command = NULL, next_send_at = NULL WHERE id = $1",
            booking.id,
        )

    await pipeline.apply_results.execute(results)
    assert (await pipeline.booking(booking.id)).command is OwedCommand.RELEASE
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()

    assert (await pipeline.store.counts(event.id))["A", 1].available == 50
    assert await pipeline.differences(event.id) == []


async def test_a_dead_lettered_reserve_gives_back_what_the_store_had_decided(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    (reserve,) = await pipeline.commands()
    await pipeline.decide([reserve])  # held in the store; the worker then gave the message up
    refusal = SeatsRefused(
        booking_id=booking.id,
        event_id=event.id,
        section="A",
        subsection=1,
        epoch=reserve.epoch,
        seq=reserve.seq,
        reason=RefusalReason.UNPROCESSABLE,
    )

    await pipeline.apply_results.execute([refusal])
    assert (await pipeline.booking(booking.id)).failure_reason == "unprocessable"
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []


async def test_no_two_loads_share_an_epoch_even_if_the_first_was_rolled_back(
    pipeline: Pipeline,
) -> None:
    event = await pipeline.open_event()
    epochs = []

    async def raise_and_fail(transaction: ITicketingTransaction) -> None:
        await transaction.own_event(event.id)
        epochs.append(await transaction.raise_epoch(event.id))
        raise LookupError

    for _ in range(5):
        with pytest.raises(LookupError):
            await pipeline.unit_of_work.run(raise_and_fail)
    assert len(set(epochs)) == 5


async def test_a_wiped_store_is_loaded_and_what_was_owed_is_sent_again(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    waiting = await pipeline.book(buyer, event, "1-1", "1-2")
    free = await pipeline.book(buyer, event, "4-1")
    await pipeline.redis.flushall()

    await pipeline.settle()  # stale: nothing decided, and nothing looks like an empty hall
    assert (await pipeline.booking(free.id)).status is BookingStatus.PROCESSING
    assert await pipeline.load.execute(event.id)
    assert await pipeline.resend.execute() == 2
    await pipeline.settle()

    assert (await pipeline.booking(held.id)).seat_positions == ("1-1",)
    assert (await pipeline.booking(waiting.id)).failure_reason == "seat_conflict"
    assert (await pipeline.booking(free.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_results_of_an_older_epoch_are_dropped_and_asked_for_again(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    old_results = await pipeline.decide(await pipeline.commands())
    assert await pipeline.load.execute(event.id, always=True)

    await pipeline.apply_results.execute(old_results)
    assert (await pipeline.booking(booking.id)).status is BookingStatus.PROCESSING
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()

    assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_two_workers_with_the_same_results_move_each_ticket_once(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    for _ in range(10):
        await pipeline.book(buyer, event, quantity=2)
    results = await pipeline.decide(await pipeline.commands())

    outcomes = await asyncio.gather(
        *(pipeline.apply_results.execute(batch) for batch in (results, results[::-1], results)),
        return_exceptions=True,
    )
    assert outcomes == [None, None, None]
    assert await pipeline.differences(event.id) == []
    views = await pipeline.bookings.with_tickets([result.booking_id for result in results])
    assert sum(len(view.tickets) for view in views.values()) == 20
