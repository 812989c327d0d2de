"""The least that choosing costs in the seat store: its script, called directly, batches of 100."""

import time

from redis.asyncio import Redis

from benchmarks.stage import Stage
from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
    apply_seat_commands_script,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.script_call import calls_for
from tests.builders.seats import EPOCH, EVENT, NOW, SeatBooking, layout, snapshot

BATCH_COUNT = 100
ROWS, SEATS_PER_ROW = 25, 20
# Far from every id that the ledger gives.
EVENT_ID = EVENT + 1_000_000_000


async def script_floor(stage: Stage, batch_count: int) -> float:
    """Bookings a second of single seats, each batch in one subsection, one transaction a batch."""
    subsection_count = -(-batch_count * BATCH_COUNT // (ROWS * SEATS_PER_ROW))
    halls = [layout(ROWS, SEATS_PER_ROW, subsection=each + 1) for each in range(subsection_count)]
    async with create_client(stage.system.settings["ONSALE_SEAT_STORE_URL"]) as redis:
        await RedisSeatStore(redis).install(EVENT_ID, EPOCH, [snapshot(hall) for hall in halls])
        sha = await redis.script_load(apply_seat_commands_script())
        batches = [
            [
                SeatBooking(
                    event_id=EVENT_ID, subsection=at % subsection_count + 1
                ).best_available()
                for _ in range(BATCH_COUNT)
            ]
            for at in range(batch_count)
        ]
        ready = [calls_for(batch)[0].keys_and_args(NOW) for batch in batches]
        began = time.perf_counter()
        for keys, arguments in ready:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.evalsha(sha, len(keys), *keys, *arguments)
                await pipe.execute()
        seconds = time.perf_counter() - began
        await _forget(redis)
    return batch_count * BATCH_COUNT / seconds


async def _forget(redis: Redis) -> None:
    async for key in redis.scan_iter(count=1_000):
        if f"{{e{EVENT_ID}}}".encode() in key:
            await redis.delete(key)
