"""How long a hall of 50,000 seats is gone when the seat store is wiped while people book.

A real system is started below a directory of its own, and seats are held over HTTP. Then every key
of the seat store is deleted (on Redis Streams with them the messages), nobody does anything about
it, and it is measured when the whole map is there again; once more with ``onsale seats rebuild``.

    python -m benchmarks.rebuild [--holds 5000] [--rate 100] [--rounds 3] [--bus redis]
"""

import asyncio
import time
from typing import cast

import asyncpg
from redis.asyncio import Redis

from benchmarks.booking_stream import BookingStream, percentiles
from benchmarks.own_system import measure_own_system
from onsale.platform.state.redis_clients import create_client
from tests.support.onsale_up import OnsaleUp, run_onsale
from tests.support.visitors import Buyer, Seller, connections, regular_hall

SUBSECTION_COUNT = 100
ROWS, SEATS_PER_ROW = 25, 20
BUYER_COUNT = 20
WARM_UP_SECONDS = 2.0
AFTER_SECONDS = 2.0
WAIT_SECONDS_MAX = 120.0
POLL_SECONDS = 0.01


async def map_is_whole(redis: Redis, ledger: asyncpg.Pool, event_id: int) -> None:
    """Return once every subsection is in the store, under the epoch that the ledger has."""
    numbers = range(1, SUBSECTION_COUNT + 1)
    layouts = [f"layout:{{e{event_id}}}:A-{number}" for number in numbers]
    bitmaps = [f"seats:{{e{event_id}}}:A-{number}" for number in numbers]
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        found = cast("list[bytes | None]", await redis.mget(layouts))
        epochs = {None if layout is None else int(layout.split(b":")[0]) for layout in found}
        if None not in epochs and len(epochs) == 1:
            epoch = await ledger.fetchval("SELECT epoch FROM event WHERE id = $1", event_id)
            if epochs == {epoch} and await redis.exists(*bitmaps) == SUBSECTION_COUNT:
                return
        await asyncio.sleep(POLL_SECONDS)
    raise TimeoutError(f"the map is not whole after {WAIT_SECONDS_MAX} s")


async def all_settled(ledger: asyncpg.Pool, event_id: int) -> None:
    """Return once no booking waits for the seat store."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    waiting = "SELECT count(*) FROM booking WHERE event_id = $1 AND command IS NOT NULL"
    while await ledger.fetchval(waiting, event_id):
        if time.monotonic() > deadline:
            raise TimeoutError("bookings still wait for the seat store")
        await asyncio.sleep(POLL_SECONDS)


async def measure(
    system: OnsaleUp, ledger: asyncpg.Pool, redis: Redis, stream: BookingStream, rate: float
) -> None:
    """Wipe the store under load, and print what became of it."""
    stop = asyncio.Event()
    async with stream.connected():
        load = asyncio.create_task(stream.book_steadily(rate, stop))
        await asyncio.sleep(WARM_UP_SECONDS)
        await redis.flushall()
        wiped_at = time.monotonic()
        await map_is_whole(redis, ledger, stream.event_id)
        whole_seconds = time.monotonic() - wiped_at
        await asyncio.sleep(AFTER_SECONDS)
        stop.set()
        await load
    stopped_at = time.monotonic()
    await all_settled(ledger, stream.event_id)
    print(
        f"wiped at {rate:.0f} bookings/s: the map was whole again after {whole_seconds:.2f} s"
        f" without any command; bookings {dict(stream.statuses)}, answered in"
        f" {percentiles(stream.latencies_seconds)}; all settled {time.monotonic() - stopped_at:.1f}"
        " s after the last",
        flush=True,
    )
    print("  " + (await asyncio.to_thread(system.verify, stream.event_id)).strip(), flush=True)


async def run(system: OnsaleUp, holds: int, rate: float, rounds: int) -> None:
    """Hold seats, then wipe so often, then rebuild by command."""
    async with connections(system.base_url) as http:
        seller = await Seller.join(http)
        tokens = [(await Buyer.join(http)).token for _ in range(BUYER_COUNT)]
        hall = regular_hall(rows=ROWS, cols=SEATS_PER_ROW, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200, seconds_max=60)
    subsections = range(1, SUBSECTION_COUNT + 1)
    ledger = await asyncpg.create_pool(
        system.settings["ONSALE_DATABASE_URL"], min_size=1, max_size=2
    )
    async with create_client(system.settings["ONSALE_SEAT_STORE_URL"]) as redis:
        stream = BookingStream(system.base_url, tokens, event_id, subsections)
        async with stream.connected():
            await stream.book(holds)
        await all_settled(ledger, event_id)
        for _ in range(rounds):
            stream = BookingStream(system.base_url, tokens, event_id, subsections)
            await measure(system, ledger, redis, stream, rate)
        for _ in range(rounds):
            command = ("seats", "rebuild", "--event", str(event_id), "--data", str(system.data))
            print("  " + (await asyncio.to_thread(run_onsale, *command)).stdout.strip())
        print("  " + system.verify(event_id).strip())
    await ledger.close()


if __name__ == "__main__":
    measure_own_system("Wipe the seat store while people book.", run, rate=100.0, rounds=3)
