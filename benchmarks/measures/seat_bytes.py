"""7: how many bytes a seat takes in the seat store, against one key for every seat."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import redis.asyncio as redis

from benchmarks.results import Figure, Findings
from benchmarks.sizes import Sizes
from benchmarks.stage import SEATS_PER_ROW, Stage
from onsale.platform.state.redis_clients import create_client

MEASURE = "7"
FLOOR_NAME = "a key per seat"
# As halls are here, and the largest that there may be.
SUBSECTION_SEATS = (500, 10_000)
KINDS = (b"seats:", b"layout:", b"stats:")
SEAT_STATE = "available"
PIPELINE_COUNT = 1_000
SCAN_COUNT = 10_000
EXPECTED_SMALLER = 400


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes that the store says it uses, and bytes of what is kept there without its own."""

    used_bytes: int
    raw_bytes: int


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """The same hall in subsections of two sizes, each time both ways."""
    store = create_client(stage.system.settings["ONSALE_SEAT_STORE_URL"])
    figures = []
    try:
        for each in SUBSECTION_SEATS:
            subsections = max(1, sizes.store_seats // each)
            figures += await _of_hall(stage, store, sizes.store_seats, subsections)
    finally:
        await store.aclose()
    return Findings(figures=figures, verified=[await stage.verify()])


async def _of_hall(
    stage: Stage, store: "redis.Redis", seats: int, subsections: int
) -> list[Figure]:
    each = seats // subsections
    stage.say(f"7: bytes a seat, {seats:,} seats in subsections of {each:,}")
    event_id = await stage.open_hall(seats, subsections)
    ours = await _event_bytes(store, event_id)
    async with _key_per_seat(store, event_id, subsections, each) as keys:
        theirs = Taken(
            used_bytes=await _used_bytes(store, keys),
            raw_bytes=sum(len(key) + len(SEAT_STATE) for key in keys),
        )
    where = f"subsections of {each:,} seats"
    return [
        _figure(f"memory of a seat, {where}", ours.used_bytes, theirs.used_bytes, seats),
        _figure(f"data of a seat alone, {where}", ours.raw_bytes, theirs.raw_bytes, seats),
    ]


def _figure(name: str, ours_bytes: int, theirs_bytes: int, seats: int) -> Figure:
    return Figure(
        measure=MEASURE,
        name=name,
        value=ours_bytes / seats,
        unit="bytes",
        floor=theirs_bytes / seats,
        floor_name=FLOOR_NAME,
        ratio=ours_bytes / theirs_bytes,
        note=(
            f"{theirs_bytes / ours_bytes:.0f} times smaller; about {EXPECTED_SMALLER} times are"
            " expected"
        ),
    )


async def _event_bytes(store: "redis.Redis", event_id: int) -> Taken:
    keys = [
        key
        async for key in store.scan_iter(match=f"*:{{e{event_id}}}*", count=SCAN_COUNT)
        if key.startswith(KINDS)
    ]
    raw_bytes = 0
    for some in _batches([key for key in keys if key.startswith(KINDS[0])]):
        pipeline = store.pipeline(transaction=False)
        for key in some:
            pipeline.strlen(key)
        raw_bytes += sum(await pipeline.execute())
    return Taken(await _used_bytes(store, keys), raw_bytes)


async def _used_bytes(store: "redis.Redis", keys: Sequence[bytes]) -> int:
    """What the store says of these keys, every part of each looked at."""
    used_bytes = 0
    for some in _batches(keys):
        pipeline = store.pipeline(transaction=False)
        for key in some:
            pipeline.memory_usage(key, samples=0)
        used_bytes += sum(await pipeline.execute())
    return used_bytes


@asynccontextmanager
async def _key_per_seat(
    store: "redis.Redis", event_id: int, subsections: int, seats: int
) -> AsyncIterator[Sequence[bytes]]:
    """The event as a newcomer would keep it, within the block; ``seats`` in each subsection."""
    keys = [
        f"seat:{{e{event_id}}}:A-{subsection}:{row}-{seat}".encode()
        for subsection in range(1, subsections + 1)
        for row in range(1, seats // SEATS_PER_ROW + 1)
        for seat in range(1, SEATS_PER_ROW + 1)
    ]
    try:
        for some in _batches(keys):
            pipeline = store.pipeline(transaction=False)
            for key in some:
                pipeline.set(key, SEAT_STATE)
            await pipeline.execute()
        yield keys
    finally:
        for some in _batches(keys):
            await store.unlink(*some)


def _batches(keys: Sequence[bytes]) -> Iterator[list[bytes]]:
    left = iter(keys)
    while some := list(islice(left, PIPELINE_COUNT)):
        yield some
