"""The seat store loses what it had, while people book and while nobody does."""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from redis.asyncio import Redis

from onsale.platform.state.redis_clients import create_client
from tests.support.onsale_up import OnsaleUp, run_onsale, running_system
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller, connections, regular_hall
from tests.support.wiped_store import wipe_with_bookings_under_way

pytestmark = pytest.mark.slow

COMPARED_SECONDS_MAX = 30.0


@pytest.fixture(scope="module")
def victim() -> Iterator[OnsaleUp]:
    """A system of this module's own: its store is wiped, again and again."""
    with running_system("redis") as system:
        yield system


@pytest.fixture
async def http(victim: OnsaleUp) -> AsyncIterator[httpx.AsyncClient]:
    async with connections(victim.base_url) as client:
        yield client


@pytest.fixture
async def redis(victim: OnsaleUp) -> AsyncIterator[Redis]:
    async with create_client(victim.settings["ONSALE_SEAT_STORE_URL"]) as client:
        yield client


async def test_bookings_under_way_outlive_a_wiped_store(victim: OnsaleUp) -> None:
    await wipe_with_bookings_under_way(victim)


async def test_a_wiped_store_is_restored_without_any_command(
    victim: OnsaleUp, http: httpx.AsyncClient, redis: Redis
) -> None:
    seller, buyer = await Seller.join(http), await Buyer.join(http)
    event_id = await seller.open_event(regular_hall(rows=25, cols=20, subsections=4))
    held = await buyer.hold(event_id, "1-1", "1-2")
    await redis.flushall()
    await wait_for(
        lambda: redis.exists(f"seats:{{e{event_id}}}:A-4"), lambda found: found == 1, seconds_max=30
    )
    assert (await buyer.seats(event_id))["1-1"] == "reserved"
    assert (await buyer.pay(held["id"])).status_code == httpx.codes.OK
    victim.verify(event_id)
    port = victim.settings["ONSALE_METRICS_PORT_TICKETING"]
    async with httpx.AsyncClient() as scraper:

        async def metrics() -> str:
            return (await scraper.get(f"http://127.0.0.1:{port}/metrics")).text

        # What was seen to differ meanwhile is told until it is compared again.
        told = await wait_for(
            metrics, lambda text: "onsale_drift_seats 0.0" in text, seconds_max=COMPARED_SECONDS_MAX
        )
    repairs = [line for line in told.splitlines() if 'repairs_total{cause="lost"}' in line]
    assert float(repairs[0].split()[-1]) >= 1


async def test_seats_are_rebuilt_when_a_person_asks_for_it(
    victim: OnsaleUp, http: httpx.AsyncClient, redis: Redis
) -> None:
    event_id = await (await Seller.join(http)).open_event()
    with victim.paused("ticketing"):  # it would be faster
        await redis.flushall()
        rebuilt = await _run(victim, "seats", "rebuild", "--event", str(event_id))
        assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
        assert f"event {event_id}: 50 seats rebuilt in" in rebuilt.stdout
        assert "epoch" in rebuilt.stdout
        victim.verify(event_id)
        every = await _run(victim, "seats", "rebuild", "--all")
        assert every.returncode == 0, every.stdout + every.stderr
        assert f"event {event_id}: 50 seats rebuilt in" in every.stdout
        victim.verify()

        unknown = await _run(victim, "seats", "rebuild", "--event", "999999")
        assert (unknown.returncode, unknown.stdout) == (1, "There is no event 999999.\n")
        neither = await _run(victim, "seats", "rebuild")
        assert neither.returncode == 2
        with victim.paused("seat-reservation"):
            draft = await (await Seller.join(http)).create_event()
            refused = await _run(victim, "seats", "rebuild", "--event", str(draft["id"]))
        assert refused.returncode == 1
        assert "is a draft" in refused.stdout


async def test_verify_repairs_what_it_finds_and_says_so(
    victim: OnsaleUp, http: httpx.AsyncClient, redis: Redis
) -> None:
    event_id = await (await Seller.join(http)).open_event()
    with victim.paused("ticketing"):
        await redis.delete(f"seats:{{e{event_id}}}:A-1")
        assert victim.run_verify(event_id).returncode == 1
        repaired = await _run(victim, "verify", "--event", str(event_id), "--repair")
        assert repaired.returncode == 0, repaired.stdout + repaired.stderr
        assert "A-1 is not in the seat store" in repaired.stdout
        assert "its seats were rebuilt from the ledger" in repaired.stdout
        assert "50 seats, 0 differences" in repaired.stdout
        victim.verify(event_id)


async def test_a_store_that_is_away_is_said_in_a_line(
    victim: OnsaleUp, http: httpx.AsyncClient
) -> None:
    event_id = await (await Seller.join(http)).open_event()
    killed = victim.send("redis", signal.SIGKILL)
    for command in (["seats", "rebuild"], ["verify", "--repair"]):
        # The server comes back within seconds; the command may meet it before or after.
        run = await _run(victim, *command, "--event", str(event_id))
        assert "Traceback" not in run.stdout + run.stderr
        assert run.returncode == 0 or "seat-store is unavailable" in run.stderr
    deadline = time.monotonic() + 30
    while victim.pid("redis") in (None, killed):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def _run(victim: OnsaleUp, *command: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run_onsale, *command, "--data", victim.data)
