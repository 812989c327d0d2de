"""Several cancelled events at once, at several workers: none keeps another waiting."""

import asyncio
from dataclasses import replace

import pytest

from onsale.service.ticketing.app.command import end_cancelled_events_use_case
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from tests.integration.test_cancelled_events import (
    CALLED_OFF,
    call_off,
    come_to_rest,
    how_it_ended,
    is_owed,
    pay,
)
from tests.support.money import refunds
from tests.support.pipeline import Pipeline


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


async def test_bookings_end_batch_by_batch_at_workers_side_by_side(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_cancelled_events_use_case, "BATCH_COUNT_MAX", 7)
    events = [await pipeline.open_event(rows=5, seats_per_row=10) for _ in range(2)]
    bookings = [await pipeline.book(buyer, event) for event in events for _ in range(40)]
    await pipeline.settle()
    for booking in bookings[::4]:
        await pay(pipeline, buyer, booking)
    await pipeline.settle()
    for event in events:
        await call_off(pipeline, event)
    workers = [replace(pipeline.end_cancelled_events, _booking_after={}) for _ in range(3)]

    async def work(number: int) -> None:
        while await is_owed(pipeline, events[0]) or await is_owed(pipeline, events[1]):
            await workers[number].execute()

    await asyncio.gather(*map(work, range(len(workers))))
    for event in events:
        await come_to_rest(pipeline, event)
        assert await pipeline.differences(event.id) == []
    assert await how_it_ended(pipeline, *bookings) == {CALLED_OFF}
    assert await refunds(pipeline) == [("event_cancelled", "done", 1_000)] * len(bookings[::4])


async def test_an_event_that_is_being_loaded_keeps_no_other_waiting(
    pipeline: Pipeline, buyer: Principal
) -> None:
    event, other = await pipeline.open_event(), await pipeline.open_event()
    here, there = await pipeline.hold(buyer, event), await pipeline.hold(buyer, other)
    await call_off(pipeline, event)
    await call_off(pipeline, other)
    async with pipeline.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1::bigint)", event.id)
        await pipeline.end_cancelled_events.execute()
        assert await how_it_ended(pipeline, there) == {CALLED_OFF}
        assert await how_it_ended(pipeline, here) == {(BookingStatus.PENDING_PAYMENT, None)}
    await pipeline.end_cancelled_events.execute()
    assert await how_it_ended(pipeline, here) == {CALLED_OFF}
    assert not await is_owed(pipeline, event)


async def test_an_event_that_cannot_be_ended_keeps_no_other_waiting(
    pipeline: Pipeline, buyer: Principal
) -> None:
    event, other = await pipeline.open_event(), await pipeline.open_event()
    here, there = await pipeline.hold(buyer, event), await pipeline.hold(buyer, other)
    await call_off(pipeline, event)
    await call_off(pipeline, other)
    await pipeline.pool.execute(
        f"ALTER TABLE booking ADD CHECK (id <> '{here.id}' OR status <> 'cancelled') NOT VALID"
    )
    with pytest.raises(ExceptionGroup, match="some of the work"):
        await pipeline.end_cancelled_events.execute()
    assert await how_it_ended(pipeline, there) == {CALLED_OFF}
    assert not await is_owed(pipeline, other)
    assert await is_owed(pipeline, event), "it comes up again"
