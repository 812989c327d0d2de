"""An event's limit per buyer holds however many requests come at once, from wherever they come."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    IdempotencyKeyReusedError,
    TicketLimitReachedError,
)
from onsale.service.ticketing.driven_adapter.repository import booking_batch
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from tests.support.money import CARD
from tests.support.pipeline import Pipeline
from tests.support.tasks import background
from tests.support.wired_pipeline import pipeline_on

LIMIT = 4
REQUEST_COUNT = 50


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


@pytest.fixture
async def event(pipeline: Pipeline) -> Event:
    return await pipeline.open_event(max_tickets_per_buyer=LIMIT)


@pytest.fixture
async def other_process(database_url: str, redis_url: str) -> AsyncIterator[Pipeline]:
    """Another process with connections and an intake of its own."""
    async with pipeline_on(database_url, redis_url) as running:
        yield running


async def taken_by(pipeline: Pipeline, event: Event, buyer: Principal) -> int:
    query = (
        "SELECT coalesce(sum(quantity), 0) FROM booking"
        " WHERE event_id = $1 AND buyer_id = $2 AND status NOT IN ('failed', 'cancelled')"
    )
    return int(await pipeline.pool.fetchval(query, event.id, buyer.user_id))


def accepted(outcomes: Sequence[Booking | BaseException]) -> list[Booking]:
    """The bookings; whatever else there is must be the refusal."""
    others = [each for each in outcomes if not isinstance(each, Booking)]
    assert {type(each) for each in others} <= {TicketLimitReachedError}, others
    return [each for each in outcomes if isinstance(each, Booking)]


async def test_fifty_requests_at_two_processes_get_exactly_the_limit(
    pipeline: Pipeline, other_process: Pipeline, event: Event, buyer: Principal
) -> None:
    processes = (pipeline, other_process)
    outcomes = await asyncio.gather(
        *(processes[number % 2].book(buyer, event) for number in range(REQUEST_COUNT)),
        return_exceptions=True,
    )
    assert len(accepted(outcomes)) == LIMIT
    assert await taken_by(pipeline, event, buyer) == LIMIT
    with pytest.raises(TicketLimitReachedError) as refusal:
        await pipeline.book(buyer, event)
    assert refusal.value.details == {"limit": LIMIT, "taken": LIMIT}


async def test_many_buyers_at_two_processes_in_any_order_wait_for_each_other_and_end(
    pipeline: Pipeline, other_process: Pipeline
) -> None:
    events = [await pipeline.open_event(max_tickets_per_buyer=LIMIT) for _ in range(3)]
    buyers = [await pipeline.user(UserRole.BUYER) for _ in range(6)]
    wishes = [(buyer, event) for buyer in buyers for event in events] * 6
    before = await _deadlock_count(pipeline)

    async def book_all(process: Pipeline, seed: int) -> list[Booking]:
        mine = random.Random(seed).sample(wishes, len(wishes))
        outcomes = await asyncio.gather(
            *(process.book(*wish) for wish in mine), return_exceptions=True
        )
        return accepted(outcomes)

    booked = await asyncio.gather(book_all(pipeline, 1), book_all(other_process, 2))
    counts = Counter((each.buyer_id, each.event_id) for one in booked for each in one)
    assert set(counts.values()) == {LIMIT}
    assert len(counts) == len(buyers) * len(events)
    assert await _deadlock_count(pipeline) == before


async def _deadlock_count(pipeline: Pipeline) -> int:
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(await pipeline.pool.fetchval(query))


async def test_whoever_fits_is_taken_and_whoever_does_not_is_passed_over(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    """In one batch the larger request that comes second leaves its place to the smaller third."""
    outcomes = await asyncio.gather(
        pipeline.book(buyer, event, quantity=3),
        pipeline.book(buyer, event, quantity=2),
        pipeline.book(buyer, event, quantity=1),
        return_exceptions=True,
    )
    assert [each.quantity for each in accepted(outcomes)] == [3, 1]


async def test_a_repeat_with_its_key_counts_once_and_gets_its_booking_at_the_limit(
    pipeline: Pipeline, other_process: Pipeline, event: Event, buyer: Principal
) -> None:
    processes = (pipeline, other_process)
    repeats = [
        processes[number % 2].book(buyer, event, quantity=2, key=f"click {number % 2}")
        for number in random.Random(7).sample(range(20), 20)
    ]
    bookings = accepted(await asyncio.gather(*repeats, return_exceptions=True))
    assert len(bookings) == len(repeats)
    assert len({each.id for each in bookings}) == 2
    assert await taken_by(pipeline, event, buyer) == LIMIT
    again = await pipeline.book(buyer, event, quantity=2, key="click 1")
    assert again.id in {each.id for each in bookings}
    with pytest.raises(IdempotencyKeyReusedError):
        await pipeline.book(buyer, event, quantity=1, key="click 1")


async def test_what_was_cancelled_expired_or_failed_is_free_to_be_taken_again(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    first = await pipeline.hold(buyer, event, quantity=2)
    second = await pipeline.hold(buyer, event, quantity=2)
    with pytest.raises(TicketLimitReachedError):
        await pipeline.book(buyer, event)
    await pipeline.cancel.execute(buyer, first.id)
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() WHERE id = $1", second.id)
    assert await pipeline.expire.execute() == 1
    await pipeline.settle()
    other = await pipeline.user(UserRole.BUYER)
    await pipeline.hold(other, event, "1-1")
    failed = await pipeline.hold(buyer, event, "1-1")
    assert failed.status == "failed"
    paid = await pipeline.hold(buyer, event, quantity=4)
    await pipeline.pay.execute(buyer, paid.id, CARD)
    with pytest.raises(TicketLimitReachedError):
        await pipeline.book(buyer, event)
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []


@pytest.mark.parametrize("status", ["processing", "pending_payment", "paid", "completed"])
async def test_tickets_count_from_the_promise_to_the_end(
    pipeline: Pipeline, event: Event, buyer: Principal, status: str
) -> None:
    booking = await pipeline.book(buyer, event, quantity=LIMIT)
    if status != "processing":
        await pipeline.settle()
    if status == "completed":
        await pipeline.pay.execute(buyer, booking.id, CARD)
    if status == "paid":
        # As a process that dies before the tickets are sold leaves it.
        await pipeline.pool.execute(
            "UPDATE booking SET status = 'paid', payment_id = 'p', paid_at = now() WHERE id = $1",
            booking.id,
        )
    assert (await pipeline.booking(booking.id)).status == status
    with pytest.raises(TicketLimitReachedError):
        await pipeline.book(buyer, event)


async def test_a_limit_that_the_catalog_has_not_heard_of_holds(
    pipeline: Pipeline, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    await pipeline.hold(buyer, event, quantity=2)
    await pipeline.pool.execute(
        "UPDATE event SET max_tickets_per_buyer = 3 WHERE id = $1", event.id
    )
    outcomes = await asyncio.gather(
        *(pipeline.book(buyer, event) for _ in range(5)), return_exceptions=True
    )
    assert len(accepted(outcomes)) == 1
    assert await taken_by(pipeline, event, buyer) == 3


async def test_a_limit_that_is_gone_refuses_nobody(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    await pipeline.catalog.get(event.id)
    await pipeline.pool.execute("UPDATE event SET max_tickets_per_buyer = NULL")
    outcomes = await asyncio.gather(
        *(pipeline.book(buyer, event) for _ in range(LIMIT + 2)), return_exceptions=True
    )
    assert len(accepted(outcomes)) == LIMIT + 2


async def test_what_is_booked_of_one_event_is_not_missing_at_another(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    another = await pipeline.open_event(max_tickets_per_buyer=LIMIT)
    for each in (event, another):
        await pipeline.book(buyer, each, quantity=LIMIT)
    other = await pipeline.user(UserRole.BUYER)
    await pipeline.book(other, event, quantity=LIMIT)


async def test_an_answer_that_was_lost_at_the_commit_counts_once(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    """Stored, and the connection gone before anybody was told: the same ids are found again."""
    process = _LosingIntake(pipeline)
    losing = replace(pipeline, create_booking=replace(pipeline.create_booking, intake=process))
    async with background(process.run()):
        booked = await losing.book(buyer, event, quantity=LIMIT)
    assert process.lost_count == 1
    assert booked.quantity == LIMIT
    assert await taken_by(pipeline, event, buyer) == LIMIT


class _LosingIntake(AsyncpgBookingIntake):
    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline.pool)
        self.lost_count = 0

    async def _insert_counted(self, waiting: Sequence[booking_batch.WaitingBooking]) -> None:
        quiet = [replace(each, done=asyncio.Future()) for each in waiting]
        if self.lost_count == 0:
            self.lost_count += 1
            await super()._insert_counted(quiet)
            raise ConnectionResetError("lost")
        await super()._insert_counted(waiting)
