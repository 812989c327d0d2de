"""Seats that a seller takes out of the sale, while others book them."""

import asyncio
import random

import pytest

from onsale.service.shared_kernel.seating import SeatPosition
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    EventCancelledError,
    ForbiddenRoleError,
    NotOwnerError,
    SeatConflictError,
    SeatOutOfRangeError,
    SubsectionNotFoundError,
    TicketingError,
)
from tests.support.pipeline import Pipeline

ROUND_COUNT_MAX = 10


def seller_of(event: Event) -> Principal:
    return Principal(event.seller_id, UserRole.SELLER, token_id="-")


async def set_blocked(
    pipeline: Pipeline, event: Event, *seats: str, blocked: bool = True, subsection: int = 1
) -> None:
    await pipeline.set_seats_blocked.execute(
        seller_of(event),
        event.id,
        "A",
        subsection,
        [SeatPosition.parse(seat) for seat in seats],
        blocked=blocked,
    )


async def blocked_in_the_ledger(pipeline: Pipeline, event: Event) -> set[str]:
    rows = await pipeline.pool.fetch(
        "SELECT row_number || '-' || seat_number AS seat FROM ticket"
        " WHERE event_id = $1 AND status = 'blocked'",
        event.id,
    )
    return {row["seat"] for row in rows}


async def come_to_rest(pipeline: Pipeline, event: Event) -> None:
    """What the workers do until nothing is left to do, whatever was put off."""
    owed = "SELECT count(*) FROM booking WHERE command IS NOT NULL"
    await pipeline.load.execute(event.id)
    await pipeline.settle()
    for _ in range(ROUND_COUNT_MAX):
        if not await pipeline.pool.fetchval(owed):
            return
        await pipeline.pool.execute(
            "UPDATE booking SET next_send_at = now() WHERE next_send_at IS NOT NULL"
        )
        await pipeline.resend.execute()
        await pipeline.settle()
        await pipeline.load.execute(event.id)
    raise AssertionError("bookings wait for ever")


async def test_blocked_seats_are_not_sold_and_unblocked_ones_are(pipeline: Pipeline) -> None:
    event = await pipeline.open_event(rows=1, seats_per_row=4)
    buyer = await pipeline.user(UserRole.BUYER)
    await set_blocked(pipeline, event, "1-1", "1-2")
    await come_to_rest(pipeline, event)
    counts = (await pipeline.store.counts(event.id))["A", 1]
    assert (counts.available, counts.blocked) == (2, 2)
    assert await pipeline.differences(event.id) == []

    best = await pipeline.hold(buyer, event, quantity=2)
    assert set(best.seat_positions) == {"1-3", "1-4"}
    refused = await pipeline.hold(buyer, event, "1-1")
    assert (refused.status, refused.failure_reason) == (BookingStatus.FAILED, "seat_conflict")

    await set_blocked(pipeline, event, "1-2", "1-1", blocked=False)
    await come_to_rest(pipeline, event)
    now = await pipeline.hold(buyer, event, "1-1", "1-2")
    assert now.status is BookingStatus.PENDING_PAYMENT
    assert (await pipeline.booking(best.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_all_or_none_are_blocked(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.hold(buyer, event, "1-2")
    with pytest.raises(SeatConflictError) as refusal:
        await set_blocked(pipeline, event, "1-1", "1-2", "1-3")
    assert refusal.value.details == {"seats": ["1-2"]}
    assert await blocked_in_the_ledger(pipeline, event) == set()
    owed = "SELECT load_owed FROM event WHERE id = $1"
    assert not await pipeline.pool.fetchval(owed, event.id), "nothing changed, nothing is loaded"

    await set_blocked(pipeline, event, "1-1")
    for blocked, seats in ((True, ["1-1"]), (False, ["1-3"])):
        with pytest.raises(SeatConflictError) as refusal:
            await set_blocked(pipeline, event, *seats, "1-4", blocked=blocked)
        assert refusal.value.details == {"seats": [*seats, "1-4"][: 1 if blocked else 2]}
    assert await blocked_in_the_ledger(pipeline, event) == {"1-1"}


async def test_only_the_seller_blocks_only_what_there_is(pipeline: Pipeline) -> None:
    event = await pipeline.open_event(rows=2, seats_per_row=2)
    seat = [SeatPosition(1, 1)]
    block = pipeline.set_seats_blocked.execute
    buyer, other = await pipeline.user(UserRole.BUYER), await pipeline.user(UserRole.SELLER)
    with pytest.raises(ForbiddenRoleError):
        await block(buyer, event.id, "A", 1, seat, blocked=True)
    with pytest.raises(NotOwnerError):
        await block(other, event.id, "A", 1, seat, blocked=True)
    with pytest.raises(SeatOutOfRangeError):
        await set_blocked(pipeline, event, "3-1")
    with pytest.raises(SubsectionNotFoundError):
        await set_blocked(pipeline, event, "1-1", subsection=2)
    await pipeline.cancel_event.execute(seller_of(event), event.id)
    with pytest.raises(EventCancelledError):
        await set_blocked(pipeline, event, "1-1")


async def test_a_seat_that_the_store_has_given_and_the_ledger_has_not_is_given_anew(
    pipeline: Pipeline,
) -> None:
    """The store decided, and before its answer was written the seat was blocked."""
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    best = await pipeline.book(buyer, event)
    named = await pipeline.book(buyer, event, "1-2")
    results = await pipeline.decide(await pipeline.commands())
    await set_blocked(pipeline, event, "1-1", "1-2")
    await pipeline.apply_results.execute(results)
    await come_to_rest(pipeline, event)

    best, named = await pipeline.booking(best.id), await pipeline.booking(named.id)
    assert (best.status, best.seat_positions) == (BookingStatus.PENDING_PAYMENT, ("1-3",))
    assert (named.status, named.failure_reason) == (BookingStatus.FAILED, "seat_conflict")
    assert await pipeline.differences(event.id) == []


@pytest.mark.parametrize("seed", range(3))
async def test_no_seat_is_blocked_and_booked_whatever_comes_at_once(
    pipeline: Pipeline, seed: int
) -> None:
    event = await pipeline.open_event(rows=2, seats_per_row=10)
    buyers = [await pipeline.user(UserRole.BUYER) for _ in range(4)]
    rng = random.Random(seed)
    seats = [f"{row}-{seat}" for row in (1, 2) for seat in range(1, 11)]
    over = asyncio.Event()

    async def buy(buyer: Principal) -> None:
        for seat in rng.sample(seats, len(seats)):
            try:
                booking = await pipeline.book(buyer, event, *([seat] if rng.random() < 0.7 else []))
                if rng.random() < 0.3:
                    await asyncio.sleep(0)
                    await pipeline.cancel.execute(buyer, booking.id)
            except TicketingError:
                continue  # taken, blocked, or held by a booking that may not be cancelled any more

    async def sell() -> None:
        for _ in range(12):
            some = rng.sample(seats, 3)
            try:
                await set_blocked(pipeline, event, *some, blocked=rng.random() < 0.7)
            except SeatConflictError:
                continue

    async def work() -> None:
        while not over.is_set():
            await pipeline.apply_results.execute(await pipeline.decide(await pipeline.commands()))
            await pipeline.load.execute(event.id)
            await pipeline.resend.execute()

    working = asyncio.create_task(work())
    await asyncio.gather(*(buy(buyer) for buyer in buyers), sell())
    over.set()
    await working
    await come_to_rest(pipeline, event)
    both = (
        "SELECT seat_positions FROM booking WHERE event_id = $1"
        " AND status IN ('pending_payment', 'paid', 'completed')"
    )
    booked = {seat for row in await pipeline.pool.fetch(both, event.id) for seat in row[0]}
    assert not booked & await blocked_in_the_ledger(pipeline, event)
    assert await pipeline.differences(event.id) == []
