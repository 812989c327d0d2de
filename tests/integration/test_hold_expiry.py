"""Thousands of holds run out at once, and any number of workers gives them back, each once."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from onsale.service.ticketing.app.command import release_expired_holds_use_case
from onsale.service.ticketing.domain.entity.booking_entity import (
    BookingStatus,
    CancelReason,
)
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction
from tests.support.pipeline import Pipeline
from tests.support.rows_read import rows_read

WORKER_COUNT = 4
# More than one look at what ran out first would show.
CROWD_COUNT = 6_000


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


async def _hold_many(pipeline: Pipeline, buyer: Principal, event: Event, count: int) -> list[UUID]:
    bookings = await asyncio.gather(
        *(pipeline.book(buyer, event, quantity=2) for _ in range(count))
    )
    await pipeline.settle()
    return [booking.id for booking in bookings]


async def _let_expire(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")


async def test_workers_side_by_side_release_each_hold_once(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_expired_holds_use_case, "BATCH_COUNT_MAX", 20)
    event = await pipeline.open_event(rows=25, seats_per_row=20)
    held = await _hold_many(pipeline, buyer, event, 160)
    await _let_expire(pipeline)

    async def work() -> int:
        released = 0
        while count := await pipeline.expire.execute():
            released += count
        return released

    released = await asyncio.gather(*(work() for _ in range(WORKER_COUNT)))
    assert sum(released) == len(held)
    assert sum(1 for count in released if count) > 1, "one worker did it all"
    commands = await pipeline.commands()
    assert sorted(command.booking_id for command in commands) == sorted(held)
    await pipeline.apply_results.execute(await pipeline.decide(commands))
    await _all_expired(pipeline, event, held)


async def _all_expired(pipeline: Pipeline, event: Event, held: Sequence[UUID]) -> None:
    bookings = await pipeline.bookings.by_ids(held)
    assert {booking.cancel_reason for booking in bookings.values()} == {CancelReason.EXPIRED}
    assert {booking.command for booking in bookings.values()} == {None}
    assert (
        await pipeline.pool.fetchval("SELECT count(*) FROM ticket WHERE booking_id IS NOT NULL")
        == 0
    )
    assert await pipeline.differences(event.id) == []


async def test_each_event_has_its_own_time_to_pay(pipeline: Pipeline, buyer: Principal) -> None:
    short = await pipeline.open_event(hold_seconds=5)
    long = await pipeline.open_event(hold_seconds=7_200)
    brief = await pipeline.hold(buyer, short, "1-1")
    lasting = await pipeline.hold(buyer, long, "1-1")
    for booking, event in ((brief, short), (lasting, long)):
        held_at = await pipeline.pool.fetchval(
            "SELECT expires_at - $2 * interval '1 second' - updated_at FROM booking WHERE id = $1",
            booking.id,
            event.details.hold_seconds,
        )
        assert abs(held_at.total_seconds()) < 1
    await pipeline.pool.execute("UPDATE booking SET expires_at = expires_at - interval '1 minute'")
    assert await pipeline.expire.execute() == 1
    assert (await pipeline.booking(brief.id)).cancel_reason is CancelReason.EXPIRED
    assert (await pipeline.booking(lasting.id)).status is BookingStatus.PENDING_PAYMENT


async def test_a_crowd_and_those_behind_it_all_run_out(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are looked at in a row, of more events than one."""
    monkeypatch.setattr(asyncpg_ticketing_transaction, "FIRST_EXPIRED_COUNT_MAX", 3)
    monkeypatch.setattr(release_expired_holds_use_case, "EVENT_COUNT_MAX", 2)
    events = [await pipeline.open_event() for _ in range(4)]
    held = [
        booking_id
        for count, event in enumerate(events, start=1)
        for booking_id in await _hold_many(pipeline, buyer, event, count)
    ]
    await _let_expire(pipeline)
    released = 0
    while count := await pipeline.expire.execute():
        released += count
    assert released == len(held)


async def test_a_booking_that_is_being_paid_is_passed_by(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_expired_holds_use_case, "BATCH_COUNT_MAX", 2)
    event = await pipeline.open_event()
    paying = await _hold_many(pipeline, buyer, event, 3)
    for booking_id in paying:
        await pipeline.pay._open_attempt(buyer, booking_id)
    others = await _hold_many(pipeline, buyer, event, 3)
    await _let_expire(pipeline)
    assert await pipeline.expire.execute() == 2, "those who pay fill no batch of others"
    assert await pipeline.expire.execute() == 1
    assert await pipeline.expire.execute() == 0
    bookings = await pipeline.bookings.by_ids([*paying, *others])
    assert {bookings[each].status for each in paying} == {BookingStatus.PENDING_PAYMENT}
    assert {bookings[each].status for each in others} == {BookingStatus.CANCELLED}


async def test_a_hold_that_somebody_has_locked_keeps_no_other_waiting(
    pipeline: Pipeline, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    first, second = await _hold_many(pipeline, buyer, event, 2)
    await _let_expire(pipeline)
    async with pipeline.pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM booking WHERE id = $1 FOR UPDATE", first)
        async with asyncio.timeout(5):
            assert await pipeline.expire.execute() == 1
    assert await pipeline.expire.execute() == 1
    assert (await pipeline.booking(second)).cancel_reason is CancelReason.EXPIRED


async def test_an_event_that_is_being_loaded_keeps_the_holds_of_no_other_waiting(
    pipeline: Pipeline, buyer: Principal
) -> None:
    loading, other = await pipeline.open_event(), await pipeline.open_event()
    waiting = await pipeline.hold(buyer, loading, "1-1")
    released = await pipeline.hold(buyer, other, "1-1")
    await _let_expire(pipeline)
    async with pipeline.pool.acquire() as loader, loader.transaction():
        await loader.execute("SELECT pg_advisory_xact_lock($1)", loading.id)
        async with asyncio.timeout(5):
            assert await pipeline.expire.execute() == 1
    assert (await pipeline.booking(released.id)).status is BookingStatus.CANCELLED
    assert await pipeline.expire.execute() == 1
    assert (await pipeline.booking(waiting.id)).status is BookingStatus.CANCELLED


@pytest.mark.parametrize("why", ["loading", "paying"])
async def test_holds_that_may_not_end_yet_hide_those_of_no_other_event(
    pipeline: Pipeline, buyer: Principal, why: str
) -> None:
    crowded, other = await pipeline.open_event(), await pipeline.open_event()
    pattern = await pipeline.hold(buyer, crowded, "1-1")
    if why == "paying":
        await pipeline.pay._open_attempt(buyer, pattern.id)
    await _hold_like(pipeline, pattern.id, CROWD_COUNT, paying=why == "paying")
    await _let_expire(pipeline)
    released = await pipeline.hold(buyer, other, "1-1")
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() WHERE id = $1", released.id)
    async with pipeline.pool.acquire() as loader, loader.transaction():
        if why == "loading":
            await loader.execute("SELECT pg_advisory_xact_lock($1)", crowded.id)
        assert await pipeline.expire.execute() == 1
    assert (await pipeline.booking(released.id)).cancel_reason is CancelReason.EXPIRED


async def _hold_like(pipeline: Pipeline, pattern: UUID, count: int, *, paying: bool) -> None:
    """So many more holds of the same event, each with a payment under way if asked."""
    await pipeline.pool.execute(
        "WITH held AS (INSERT INTO booking (id, buyer_id, event_id, section, subsection,"
        " seat_selection_mode, quantity, seat_positions, total_price, currency, status, expires_at)"
        " SELECT gen_random_uuid(), buyer_id, event_id, section, subsection, seat_selection_mode,"
        " quantity, seat_positions, total_price, currency, status, expires_at"
        " FROM booking, generate_series(1, $2) WHERE id = $1"
        " RETURNING id, total_price, currency)"
        " INSERT INTO payment_attempt (id, booking_id, amount, currency)"
        " SELECT gen_random_uuid(), id, total_price, currency FROM held WHERE $3",
        pattern,
        count,
        paying,
    )


async def test_events_take_turns_however_many_holds_of_one_ran_out_before(
    pipeline: Pipeline, buyer: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_expired_holds_use_case, "BATCH_COUNT_MAX", 4)
    crowded, other = await pipeline.open_event(), await pipeline.open_event()
    await _hold_many(pipeline, buyer, crowded, 12)
    await _let_expire(pipeline)
    later = await pipeline.hold(buyer, other, "1-1")
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() WHERE id = $1", later.id)
    await pipeline.expire.execute()
    assert (await pipeline.booking(later.id)).cancel_reason is CancelReason.EXPIRED


async def test_a_look_costs_what_has_run_out_and_nothing_of_what_is_held(
    pipeline: Pipeline, buyer: Principal
) -> None:
    events = [await pipeline.open_event() for _ in range(20)]
    patterns = [await pipeline.hold(buyer, event, "1-1") for event in events]
    for pattern in patterns:
        await _hold_like(pipeline, pattern.id, CROWD_COUNT // len(events), paying=False)
    await pipeline.pool.execute("ANALYZE booking")
    before = await rows_read(pipeline.pool, "booking")
    assert await pipeline.expire.execute() == 0
    assert await rows_read(pipeline.pool, "booking") - before < 5

    await pipeline.pool.execute(
        "UPDATE booking SET expires_at = now() WHERE id = $1", patterns[0].id
    )
    before = await rows_read(pipeline.pool, "booking")
    assert await pipeline.expire.execute() == 1
    assert await rows_read(pipeline.pool, "booking") - before < len(events)


async def test_a_release_reads_the_tickets_of_its_bookings_and_no_others(
    pipeline: Pipeline, buyer: Principal
) -> None:
    """Joined with all tickets there are, thousands of bookings had every event's tickets read."""
    event = await pipeline.open_event(rows=100, seats_per_row=100, subsections=5)
    held = [await pipeline.book(buyer, event, subsection=number % 5 + 1) for number in range(200)]
    await pipeline.settle()
    await pipeline.pool.execute("ANALYZE")
    await _let_expire(pipeline)
    before = await rows_read(pipeline.pool, "ticket")
    assert await pipeline.expire.execute() == len(held)
    assert await rows_read(pipeline.pool, "ticket") - before < 10 * len(held)
