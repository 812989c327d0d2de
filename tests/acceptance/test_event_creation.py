"""Halls as large as there can be, and a verification that would notice a single wrong seat."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, JsonObject, Seller

GIBIBYTE = 1 << 30


def hall(subsections: int, rows: int, cols: int) -> JsonObject:
    section = {"name": "A", "price": 1_000, "subsections": subsections}
    return {"rows": rows, "cols": cols, "sections": [section]}


def peak_bytes(pid: int) -> int:
    """The most memory that a process has ever had (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmHWM")


async def test_fifty_thousand_seats_are_made_and_sold(
    seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    began = time.monotonic()
    event = await seller.create_event(hall(100, 25, 20))
    answered = time.monotonic()
    event_id = event["id"]
    while (await seller.event(event_id))["status"] != "available":
        assert time.monotonic() - began < 60
    opened = time.monotonic()
    print(f"50,000 seats: made in {answered - began:.2f} s, on sale {opened - began:.2f} s")  # noqa: T201
    sections = (await seller.event(event_id))["sections"]
    assert sum(part["available"] for part in sections) == 50_000
    held = await buyer.hold(event_id, "25-20", subsection=100)
    assert held["total_price"] == 1_000
    assert "50,000 seats, 0 differences" in system.verify(event_id)


@asynccontextmanager
async def stores(system: OnsaleUp) -> AsyncIterator[tuple[asyncpg.Connection, Redis]]:
    """The stores behind the service's back. The worker that heals them stands still meanwhile: it
    would within seconds, and a command may take longer than that to be there.
    """
    database = await asyncpg.connect(system.settings["ONSALE_DATABASE_URL"])
    redis = Redis.from_url(system.settings["ONSALE_SEAT_STORE_URL"], protocol=2)
    try:
        with system.paused("ticketing"):
            yield database, redis
    finally:
        await redis.aclose()
        await database.close()


async def test_verify_finds_a_single_wrong_bit(
    system: OnsaleUp, buyer: Buyer, event_id: int
) -> None:
    await buyer.hold(event_id, "1-1")
    system.verify(event_id)
    async with stores(system) as (_, redis):
        # Seat 1-2: the second pair of bits, from 00 to 01.
        await redis.setbit(f"seats:{{e{event_id}}}:A-1", 3, 1)
        found = system.run_verify(event_id)
        assert found.returncode == 1
        assert "A-1 seat 1-2 is available in the ledger and reserved in the seat store" in (
            found.stdout
        )
        await redis.setbit(f"seats:{{e{event_id}}}:A-1", 3, 0)
    system.verify(event_id)


async def test_verify_finds_a_single_wrong_ticket(
    system: OnsaleUp, buyer: Buyer, event_id: int
) -> None:
    held = await buyer.hold(event_id, "1-1")
    change = (
        "UPDATE ticket SET status = $2, booking_id = $3, buyer_id = $4 "
        "WHERE event_id = $1 AND row_number = 1 AND seat_number = 1"
    )
    async with stores(system) as (database, _):
        await database.execute(change, event_id, "available", None, None)
        found = system.run_verify(event_id)
        assert found.returncode == 1
        assert "A-1 seat 1-1 is available in the ledger and reserved in the seat store" in (
            found.stdout
        )
        await database.execute(change, event_id, "reserved", held["id"], buyer.id)


async def test_verify_finds_a_wrong_counter(system: OnsaleUp, event_id: int) -> None:
    async with stores(system) as (_, redis):
        counts = await redis.hget(f"stats:{{e{event_id}}}", "A-1")
        assert counts == b"50,0,0,0"
        await redis.hset(f"stats:{{e{event_id}}}", "A-1", "49,1,0,0")
        found = system.run_verify(event_id)
        assert (found.returncode, "A-1 counts" in found.stdout) == (1, True)
        await redis.hset(f"stats:{{e{event_id}}}", "A-1", counts)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_million_seats_are_made_without_a_gibibyte(
    seller: Seller, buyer: Buyer, system: OnsaleUp
) -> None:
    api = system.pid("api")
    assert api is not None
    before = peak_bytes(api)
    began = time.monotonic()
    seller.http.timeout = 200
    event_id = await seller.open_event(hall(100, 100, 100), seconds_max=120)
    print(f"1,000,000 seats: on sale after {time.monotonic() - began:.1f} s")  # noqa: T201
    held = await buyer.hold(event_id, quantity=4, subsection=100)
    assert held["seat_positions"] == ["1-1", "1-2", "1-3", "1-4"]
    assert system.pid("api") == api
    growth = peak_bytes(api) - before
    print(f"the API's peak: {before >> 20} MiB, and {growth >> 20} MiB more")  # noqa: T201
    assert growth < GIBIBYTE
