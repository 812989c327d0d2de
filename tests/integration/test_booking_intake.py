"""Taking bookings in: shared statements, idempotency keys, and the table as outbox."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onsale.service.shared_kernel.seat_messages import ReserveSeats
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import (
    EventNotOnSaleError,
    IdempotencyKeyReusedError,
)
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    RESERVE_DEADLINE,
)
from onsale.service.ticketing.driven_adapter.repository import asyncpg_booking_intake
from tests.support.pipeline import Pipeline
from tests.support.tasks import background


async def test_one_idempotency_key_is_one_booking_however_often_it_comes(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    bookings = await asyncio.gather(
        *(pipeline.book(buyer, event, "1-1", key="click") for _ in range(20))
    )
    assert len({booking.id for booking in bookings}) == 1
    assert len(await pipeline.commands()) == 1

    with pytest.raises(IdempotencyKeyReusedError):
        await pipeline.book(buyer, event, "1-2", key="click")
    other = await pipeline.user(UserRole.BUYER)
    assert (await pipeline.book(other, event, "1-2", key="click")).id != bookings[0].id


async def test_bookings_that_come_within_the_pace_share_a_transaction(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when no two of them come in the same moment; both writers are free."""
    monkeypatch.setattr(asyncpg_booking_intake, "PACE_SECONDS", 1.0)
    intake = asyncpg_booking_intake.AsyncpgBookingIntake(pipeline.pool, writer_count=2)
    process = replace(pipeline, create_booking=replace(pipeline.create_booking, intake=intake))
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with background(intake.run()):
        first = await process.book(buyer, event)
        within = []
        for _ in range(3):
            within.append(asyncio.create_task(process.book(buyer, event)))
            for _turn in range(10):
                await asyncio.sleep(0)  # a free writer has it by now
        later = [(await task).id for task in within]
    rows = await pipeline.pool.fetch("SELECT id, xmin::text AS writer FROM booking")
    writers = {row["id"]: row["writer"] for row in rows}
    assert len({writers[booking_id] for booking_id in later}) == 1
    assert writers[first.id] not in {writers[booking_id] for booking_id in later}


async def test_a_bad_row_fails_alone_in_its_shared_insert(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    nobody = type(buyer)(2**62, UserRole.BUYER, "-")
    outcomes = await asyncio.gather(
        *(pipeline.book(who, event) for who in (buyer, nobody, buyer, buyer)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Booking) for outcome in outcomes] == [True, False, True, True]


async def test_the_insert_itself_refuses_an_event_that_is_not_on_sale(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.catalog.get(event.id)
    await pipeline.pool.execute("UPDATE event SET is_active = false WHERE id = $1", event.id)

    with pytest.raises(EventNotOnSaleError):  # the catalog still believes in it
        await pipeline.book(buyer, event)


async def test_a_booking_is_as_old_as_the_database_says_whatever_the_clock_of_its_process(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    wrong = datetime.now(UTC) + timedelta(hours=30)
    process = replace(pipeline, create_booking=replace(pipeline.create_booking, now=lambda: wrong))
    booking = await process.book(buyer, event, key="k")
    assert abs(booking.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert booking.created_at == (await pipeline.booking(booking.id)).created_at
    (reserve,) = await pipeline.commands()
    assert isinstance(reserve, ReserveSeats)
    assert reserve.booked_at == booking.created_at
    assert reserve.deadline == booking.created_at + RESERVE_DEADLINE


async def test_what_was_never_sent_is_sent_from_the_table(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event)
    await pipeline.commands()  # lost on the way
    assert await pipeline.resend.execute() == 0, "it is not due yet"
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now() - interval '1 second'")

    assert await pipeline.resend.execute() == 1
    assert await pipeline.resend.execute() == 0, "it backs off"
    await pipeline.settle()
    assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT
