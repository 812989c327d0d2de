"""What the real seat store leaves in the server, and how it meets a server in trouble."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from onsale.platform.exceptions import UnavailableError
from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.script_call import (
    ANSWERS_KEPT_SECONDS,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatsReserved, SeatStateStale
from tests.builders.seats import EPOCH, EVENT, NOW, SeatBooking, hall, layout, snapshot

ROW = layout(1, 6)
BITMAP = "seats:{e42}:A-1"
LAYOUT = "layout:{e42}:A-1"
STATS = "stats:{e42}"
ANSWERS = "answers:{e42}:A-1:20300517"


@pytest.fixture
async def server(redis_url: str) -> AsyncIterator[Redis]:
    async with create_client(redis_url) as client:
        yield client


@pytest.fixture
async def store(redis_seat_store: RedisSeatStore) -> RedisSeatStore:
    await redis_seat_store.install(EVENT, EPOCH, [snapshot(ROW, hall(".rsb.."))])
    return redis_seat_store


async def test_a_seat_is_two_bits_where_bitfield_finds_them(
    store: RedisSeatStore, server: Redis
) -> None:
    assert await server.get(BITMAP) == bytes([0b00_01_10_11, 0b00_00_00_00])
    await store.apply([SeatBooking().manual("1-5")], now=NOW)
    assert await server.get(BITMAP) == bytes([0b00_01_10_11, 0b01_00_00_00])
    reading = server.bitfield(BITMAP)
    for seat in range(6):
        reading.get("u2", 2 * seat)
    assert await reading.execute() == [0, 1, 2, 3, 1, 0]


async def test_every_key_carries_the_event_as_hash_tag(
    store: RedisSeatStore, server: Redis
) -> None:
    await store.apply([SeatBooking().best_available()], now=NOW)
    assert sorted(await server.keys()) == sorted(
        key.encode() for key in (BITMAP, LAYOUT, STATS, ANSWERS)
    )


async def test_only_answers_have_an_end_and_it_is_set_once(
    store: RedisSeatStore, server: Redis
) -> None:
    await store.apply([SeatBooking().best_available()], now=NOW)
    assert 0 < await server.ttl(ANSWERS) <= ANSWERS_KEPT_SECONDS
    await server.expire(ANSWERS, 1000)
    await store.apply([SeatBooking().best_available()], now=NOW)
    assert await server.ttl(ANSWERS) <= 1000
    assert [await server.ttl(key) for key in (BITMAP, LAYOUT, STATS)] == [-1, -1, -1]


async def test_answers_without_an_end_get_one(store: RedisSeatStore, server: Redis) -> None:
    await store.apply([SeatBooking().best_available()], now=NOW)
    await server.persist(ANSWERS)
    await store.apply([SeatBooking().best_available()], now=NOW)
    assert await server.ttl(ANSWERS) > 0


async def test_loaded_answers_have_an_end(store: RedisSeatStore, server: Redis) -> None:
    old = SeatBooking(booked_at=NOW - timedelta(days=60)).held("1-1")
    await store.install(EVENT, EPOCH + 1, [snapshot(ROW, holds=[old])])
    assert 0 < await server.ttl("answers:{e42}:A-1:20300318") <= ANSWERS_KEPT_SECONDS


async def test_a_repeated_batch_writes_nothing(store: RedisSeatStore, server: Redis) -> None:
    batch: list[SeatCommand] = [
        SeatBooking().best_available(),
        SeatBooking().manual("1-4"),
        SeatBooking().release(),
    ]
    first = await store.apply(batch, now=NOW)
    before = (await server.info("persistence"))["rdb_changes_since_last_save"]
    assert await store.apply(batch, now=NOW) == first
    assert (await server.info("persistence"))["rdb_changes_since_last_save"] == before


async def test_counters_that_went_wrong_are_right_after_the_next_change(
    store: RedisSeatStore, server: Redis
) -> None:
    await server.hset(STATS, "A-1", "9,9,9,9")
    await store.apply([SeatBooking().best_available()], now=NOW)
    assert await server.hget(STATS, "A-1") == b"2,2,1,1"


@pytest.mark.parametrize("damage", ["gone", "short", "empty"])
async def test_a_layout_without_its_bitmap_is_no_empty_hall(
    store: RedisSeatStore, server: Redis, damage: str
) -> None:
    if damage == "gone":
        await server.delete(BITMAP)
    else:
        await server.set(BITMAP, b"\0" if damage == "short" else b"")
    (result,) = await store.apply([SeatBooking().best_available()], now=NOW)
    assert isinstance(result, SeatStateStale)
    assert await store.states(EVENT, [ROW]) == [None]


async def test_a_server_that_forgot_the_script_is_given_it_again(
    store: RedisSeatStore, server: Redis
) -> None:
    first, second = SeatBooking().best_available(), SeatBooking().best_available()
    await store.apply([first], now=NOW)
    await server.script_flush()
    results = await store.apply([first, second], now=NOW)
    assert all(isinstance(result, SeatsReserved) for result in results)


async def test_an_error_of_one_subsection_is_raised_and_not_taken_for_an_answer(
    store: RedisSeatStore, server: Redis
) -> None:
    await store.install(EVENT, EPOCH, [snapshot(layout(1, 2, subsection=2))])
    await server.set("answers:{e42}:A-2:20300517", "not a hash")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await store.apply(
            [SeatBooking().best_available(), SeatBooking(subsection=2).best_available()], now=NOW
        )


async def test_a_server_without_memory_is_unavailable_and_not_a_fault_of_the_batch(
    store: RedisSeatStore, server: Redis
) -> None:
    batch = [SeatBooking().best_available()]
    await server.config_set("maxmemory", "1")
    try:
        with pytest.raises(UnavailableError, match="seat-store"):
            await store.apply(batch, now=NOW)
        with pytest.raises(UnavailableError, match="seat-store"):
            await store.install(EVENT, EPOCH, [snapshot(ROW)])
    finally:
        await server.config_set("maxmemory", "0")
    (result,) = await store.apply(batch, now=NOW)
    assert isinstance(result, SeatsReserved)


async def test_a_replica_is_unavailable_for_writing(store: RedisSeatStore, server: Redis) -> None:
    await server.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(UnavailableError, match="seat-store"):
            await store.apply([SeatBooking().best_available()], now=NOW)
    finally:
        await server.replicaof("NO", "ONE")


async def test_where_nobody_listens_every_call_says_unavailable() -> None:
    client = Redis.from_url("redis://127.0.0.1:1", protocol=2, retry=None)
    store = RedisSeatStore(client)
    calls = (
        lambda: store.apply([SeatBooking().best_available()], now=NOW),
        lambda: store.install(EVENT, EPOCH, [snapshot(ROW)]),
        lambda: store.counts(EVENT),
        lambda: store.states(EVENT, [ROW]),
        lambda: store.holds(EVENT, "A", 1, ["20300517"]),
        store.check,
    )
    async with client:
        for call in calls:
            with pytest.raises(UnavailableError, match="seat-store"):
                await call()


async def test_a_server_that_accepts_but_never_answers_fails_the_check_in_time() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, create_client(f"redis://127.0.0.1:{port}") as client:
        started = asyncio.get_running_loop().time()
        with pytest.raises(UnavailableError, match="seat-store"):
            await RedisSeatStore(client).check()
        assert asyncio.get_running_loop().time() - started < 3
