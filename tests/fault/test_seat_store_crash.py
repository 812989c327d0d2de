"""The server of the seat store is killed while batches are on their way."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult, SeatsReserved
from onsale.service.shared_kernel.seating import SeatCounts
from tests.builders.seats import EPOCH, EVENT, NOW, TODAY, SeatBooking, layout, snapshot
from tests.support.killable_redis import KillableRedis

HALLS = [layout(20, 20, subsection=number) for number in range(1, 7)]
BATCH_COUNT = 40
COMMANDS_PER_BATCH = 24
KILL_EVERY = 2
# About as long as a batch takes: some die before it, some in the middle, some after.
UNDER_WAY_SECONDS_MAX = 0.006


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[KillableRedis]:
    server = KillableRedis(tmp_path)
    await server.start()
    yield server
    server.kill()


@pytest.fixture
async def store(killable: KillableRedis) -> AsyncIterator[RedisSeatStore]:
    # No second try behind the test's back: it is the repeated batch that must be safe.
    async with Redis.from_url(killable.url, protocol=2, retry=Retry(NoBackoff(), 0)) as client:
        yield RedisSeatStore(client)


def batches(chance: random.Random) -> list[list[SeatCommand]]:
    """Reserves, and now and then a release or a finalize of a booking of an earlier batch."""
    earlier: list[SeatBooking] = []
    made: list[list[SeatCommand]] = []
    for _ in range(BATCH_COUNT):
        fresh = [
            SeatBooking(subsection=chance.randint(1, len(HALLS))) for _ in range(COMMANDS_PER_BATCH)
        ]
        batch: list[SeatCommand] = [each.best_available(chance.randint(1, 3)) for each in fresh]
        for booking in chance.sample(earlier, min(4, len(earlier))):
            earlier.remove(booking)
            batch.append(booking.release() if chance.random() < 0.5 else booking.finalize())
        earlier += fresh
        made.append(batch)
    return made


async def apply_and_kill(
    server: KillableRedis, store: RedisSeatStore, batch: Sequence[SeatCommand], seconds: float
) -> list[SeatResult] | None:
    """Kill the server when the batch has been under way for so long; ``None``: no answer came."""
    applying = asyncio.create_task(store.apply(batch, now=NOW))
    await asyncio.sleep(seconds)
    server.kill()
    try:
        results = await applying
    except UnavailableError:
        results = None
    await server.start()
    return results


async def holders(store: RedisSeatStore) -> set[UUID]:
    """Every booking that holds seats."""
    return {
        booking
        for of in HALLS
        for booking in await store.holds(EVENT, of.section, of.subsection, [TODAY])
    }


async def check_seats(store: RedisSeatStore) -> None:
    """Every taken seat has one holder, every holder its seats; the counters agree."""
    counts = await store.counts(EVENT)
    for of, found in zip(HALLS, await store.states(EVENT, HALLS), strict=True):
        assert found is not None
        taken = [str(of.position_at(at)) for at, state in enumerate(found.states) if state]
        holds = await store.holds(EVENT, "A", of.subsection, [TODAY])
        assert sorted(seat for seats in holds.values() for seat in seats) == sorted(taken)
        tallied = SeatCounts(*(found.states.count(state) for state in range(4)))
        assert counts["A", of.subsection] == tallied


async def test_what_was_answered_survives_a_kill_and_a_repeated_batch_changes_nothing(
    killable: KillableRedis, store: RedisSeatStore
) -> None:
    chance = random.Random(20_300_517)
    await store.install(EVENT, EPOCH, [snapshot(each) for each in HALLS])
    last: dict[UUID, tuple[SeatCommand, SeatResult]] = {}
    for number, batch in enumerate(batches(chance)):
        before: list[SeatResult] | None = None
        survived: set[UUID] = set()
        killed = number % KILL_EVERY == 0
        if killed:
            before = await apply_and_kill(
                killable, store, batch, chance.uniform(0, UNDER_WAY_SECONDS_MAX)
            )
            survived = {each.booking_id for each in batch} & await holders(store)
        results = await store.apply(batch, now=NOW)
        if before is not None:
            assert results == before
        if killed:
            fresh = {each.booking_id for each in results if isinstance(each, SeatsReserved)}
            assert survived & fresh in (set(), fresh), "half of a batch survived"
        await check_seats(store)
        for command, result in zip(batch, results, strict=True):
            last[command.booking_id] = (command, result)
    again = await store.apply([command for command, _ in last.values()], now=NOW)
    assert again == [result for _, result in last.values()]
    await check_seats(store)
