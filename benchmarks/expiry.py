"""How fast thousands of holds are given back that run out in the same second.

A real system is started below a directory of its own. Holds are made over HTTP; then their end is
set to one moment, and from that moment on it is measured when the last of their seats is free in
PostgreSQL and on the map that visitors are shown, while others go on booking.

    python -m benchmarks.expiry [--holds 5000] [--rate 200] [--workers 1] [--bus redis]
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import httpx

from benchmarks.booking_stream import BookingStream, percentiles
from benchmarks.own_system import measure_own_system
from benchmarks.processor_time import ProcessorTime
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, Seller, connections, regular_hall

SEATS_PER_HOLD = 2
BUYER_COUNT = 20
# Half of the hall for the holds, half for those who go on booking.
SUBSECTION_COUNT = 100
WARM_UP_SECONDS = 3.0
NOTICE_SECONDS = 3.0
AFTER_SECONDS = 3.0
WAIT_SECONDS_MAX = 120.0
POLL_SECONDS = 0.02

_HELD = range(1, SUBSECTION_COUNT // 2 + 1)
_OTHERS = range(SUBSECTION_COUNT // 2 + 1, SUBSECTION_COUNT + 1)


@dataclass(slots=True)
class Bench:
    """The system under measurement, and the ledger's own clock."""

    system: OnsaleUp
    http: httpx.AsyncClient
    ledger: asyncpg.Pool
    seller: Seller
    tokens: list[str]

    async def hold(self, count: int) -> int:
        """The event, with so many holds in the first half of its hall."""
        rows = max(25, -(-count * SEATS_PER_HOLD // len(_HELD) // 20) + 1)
        hall = regular_hall(rows=rows, cols=20, subsections=SUBSECTION_COUNT)
        event_id = await self.seller.open_event(hall, hold_seconds=7_200, seconds_max=60)
        stream = BookingStream(
            self.system.base_url, self.tokens, event_id, _HELD, quantity=SEATS_PER_HOLD
        )
        async with stream.connected():
            await stream.book(count)
        await self._reach(lambda: self._count(event_id, "pending_payment"), count)
        return event_id

    async def _count(self, event_id: int, status: str) -> int:
        return int(
            await self.ledger.fetchval(
                "SELECT count(*) FROM booking WHERE event_id = $1 AND status = $2"
                " AND subsection <= $3",
                event_id,
                status,
                _HELD[-1],
            )
        )

    async def measure(self, event_id: int, rate: float) -> tuple[BookingStream, dict[str, float]]:
        """Let the holds run out under load; seconds from then until each was seen."""
        stop = asyncio.Event()
        stream = BookingStream(self.system.base_url, self.tokens, event_id, _OTHERS)
        async with stream.connected():
            load = asyncio.create_task(stream.book_steadily(rate, stop))
            await asyncio.sleep(WARM_UP_SECONDS)
            end = await self.ledger.fetchval(
                "WITH moved AS (UPDATE booking SET expires_at = statement_timestamp()"
                " + $3 * interval '1 second'"
                " WHERE event_id = $1 AND subsection <= $2 RETURNING expires_at)"
                " SELECT max(expires_at) FROM moved",
                event_id,
                _HELD[-1],
                NOTICE_SECONDS,
            )
            await asyncio.sleep(max(0.0, end.timestamp() - time.time()))
            spent = ProcessorTime(self.system)
            seen: dict[str, float] = {}

            async def watch(what: str, read: Callable[[], Awaitable[int]]) -> None:
                await self._reach(read, 0)
                seen[what] = time.time() - end.timestamp()

            await asyncio.gather(
                watch("ledger", lambda: self._count(event_id, "pending_payment")),
                watch("map", lambda: self._reserved_on_the_map(event_id)),
                watch("settled", lambda: self._owed(event_id)),
            )
            print(f"  until the last release was acknowledged: {spent}")
            await asyncio.sleep(AFTER_SECONDS)
            stop.set()
            await load
        return stream, seen

    async def _reserved_on_the_map(self, event_id: int) -> int:
        event = await self.seller.client.get_event(event_id)
        return sum(part.reserved for part in event.sections if part.subsection <= _HELD[-1])

    async def _owed(self, event_id: int) -> int:
        return await self._count(event_id, "pending_payment") + int(
            await self.ledger.fetchval(
                "SELECT count(*) FROM booking WHERE event_id = $1 AND command IS NOT NULL"
                " AND subsection <= $2",
                event_id,
                _HELD[-1],
            )
        )

    async def booking_seconds(self, event_id: int) -> list[float]:
        """From the request to the hold, of those who went on booking; by the ledger's clocks."""
        rows = await self.ledger.fetch(
            "SELECT extract(epoch FROM updated_at - created_at)::float8 AS seconds FROM booking"
            " WHERE event_id = $1 AND subsection > $2 AND status = 'pending_payment'",
            event_id,
            _HELD[-1],
        )
        return [row["seconds"] for row in rows]

    async def _reach(self, read: Callable[[], Awaitable[int]], wanted: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while (value := await read()) != wanted:
            if time.monotonic() > deadline:
                what = f"{read}: {value} instead of {wanted}"
                raise TimeoutError(f"{what} after {WAIT_SECONDS_MAX} s")
            await asyncio.sleep(POLL_SECONDS)


async def run(system: OnsaleUp, holds: int, rate: float, rounds: int) -> None:
    """Measure so many rounds on a running system, and print a line for each."""
    async with connections(system.base_url) as http:
        seller = await Seller.join(http)
        tokens = [(await Buyer.join(http)).token for _ in range(BUYER_COUNT)]
        ledger = await asyncpg.create_pool(
            system.settings["ONSALE_DATABASE_URL"], min_size=1, max_size=4
        )
        try:
            bench = Bench(system, http, ledger, seller, tokens)
            on_map = []
            for number in range(1, rounds + 1):
                event_id = await bench.hold(holds)
                stream, seen = await bench.measure(event_id, rate)
                on_map.append(seen["map"])
                accepted = stream.latencies_seconds
                print(
                    f"round {number}: {holds:,} holds of {SEATS_PER_HOLD} seats ran out at once;"
                    f" last one cancelled after {seen['ledger']:.2f} s,"
                    f" last seat free on the map after {seen['map']:.2f} s,"
                    f" last release acknowledged after {seen['settled']:.2f} s\n"
                    f"  meanwhile {rate:.0f} bookings/s: {dict(stream.statuses)}, answered in"
                    f" {percentiles(accepted)};\n"
                    f"  seats held in {percentiles(await bench.booking_seconds(event_id))};"
                    f" sent {1000 * stream.late_seconds_max:.0f} ms late at most",
                    flush=True,
                )
                print("  " + system.verify(event_id).strip())
            print(f"seats free on the map after {statistics.median(on_map):.2f} s (median)")
        finally:
            await ledger.close()


if __name__ == "__main__":
    measure_own_system("Let thousands of holds run out at once.", run, rate=200.0, rounds=1)
