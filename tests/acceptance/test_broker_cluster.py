"""Three brokers and two of each worker come and go with bookings under way."""

import asyncio
import signal
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.support.booking_load import BookingLoad, all_settled, booking_load
from tests.support.both_buses import require_kafka
from tests.support.crash import SETTLE_SECONDS_MAX
from tests.support.kafka_cluster import is_in_sync
from tests.support.onsale_up import OnsaleUp, running_system
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller, connections, regular_hall

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(400), pytest.mark.long]

SUBSECTION_COUNT = 8
COME_BACK_SECONDS_MAX = 90.0
GAP_SECONDS_MAX = 60.0
SILENCE_SECONDS = 8.0
"""Longer than a worker may be silent before its partitions go to another."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[OnsaleUp]:
    require_kafka()
    with running_system("kafka", brokers=3, workers=2) as system:
        yield system


async def test_brokers_and_workers_come_and_go_and_no_booking_is_lost(cluster: OnsaleUp) -> None:
    async with connections(cluster.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        hall = regular_hall(rows=50, cols=100, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        async with (
            booking_load(BookingLoad(buyer, event_id, SUBSECTION_COUNT)) as load,
            asyncio.TaskGroup() as tasks,
        ):
            holds = HoldClock(buyer, load)
            watching = tasks.create_task(holds.run())
            await holds.more_come(5)
            for what, name, number in (
                ("a broker is killed", "kafka-2", signal.SIGKILL),
                ("the first broker is restarted", "kafka-1", signal.SIGTERM),
                ("the second broker is restarted", "kafka-2", signal.SIGTERM),
                ("the third broker is restarted", "kafka-3", signal.SIGTERM),
                ("a seat worker is stopped", "seat-reservation-1", signal.SIGTERM),
                ("a ticketing worker is stopped", "ticketing-2", signal.SIGTERM),
                ("a seat worker is killed", "seat-reservation-2", signal.SIGKILL),
            ):
                began = time.monotonic()
                await _restart(cluster, name, number)
                await holds.more_come(5)
                holds.report(what, began)
            began = time.monotonic()
            await _freeze(cluster, "seat-reservation-1", holds)
            holds.report("a seat worker freezes, wakes and goes on with what it had", began)
            watching.cancel()
        bookings = await all_settled(buyer, load.accepted, seconds_max=SETTLE_SECONDS_MAX)
        assert {booking["status"] for booking in bookings} == {"pending_payment"}
        seats = [
            (booking["subsection"], seat)
            for booking in bookings
            for seat in booking["seat_positions"]
        ]
        assert len(seats) == len(set(seats)) == sum(booking["quantity"] for booking in bookings)
    print(f"{len(load.accepted)} bookings accepted, all held")  # noqa: T201 - a figure
    cluster.verify(event_id)


class HoldClock:
    """Notes when bookings come to their holds: by following each new one in turn."""

    def __init__(self, buyer: Buyer, load: BookingLoad) -> None:
        self._buyer = buyer
        self._load = load
        self._held_at: list[float] = []

    async def run(self) -> None:
        """Look at the newest booking whenever the one before has its hold, until cancelled."""
        while True:
            if not self._load.accepted:
                await asyncio.sleep(0.05)
                continue
            await self._held(self._load.accepted[-1])
            self._held_at.append(time.monotonic())

    async def more_come(self, count: int) -> None:
        """Return once so many more holds were seen."""
        enough = len(self._held_at) + count

        async def seen_count() -> int:
            return len(self._held_at)

        await wait_for(seen_count, lambda now: now >= enough, seconds_max=GAP_SECONDS_MAX)

    def report(self, what: str, since: float) -> None:
        """Print the longest time without a new hold that ended after the moment ``since``."""
        pairs = pairwise(self._held_at)
        gap_seconds = max(later - earlier for earlier, later in pairs if later > since)
        print(f"{what}: no new hold for up to {gap_seconds:.1f} s")  # noqa: T201 - a figure

    async def _held(self, booking_id: str) -> None:
        async def status() -> str:
            answer = await self._buyer.send("GET", f"/api/booking/{booking_id}")
            return str(answer.json().get("status"))

        await wait_for(
            status,
            lambda status: status == "pending_payment",
            seconds_max=GAP_SECONDS_MAX,
            poll_seconds=0.1,
        )


async def _restart(cluster: OnsaleUp, name: str, number: signal.Signals) -> None:
    """Send a process a signal that ends it, and wait until its successor does its work."""

    async def ready_count() -> int:
        return cluster.console.read_text().count(f"{name} ready")

    count = await ready_count()
    cluster.send(name, number)
    await wait_for(ready_count, lambda now: now > count, seconds_max=COME_BACK_SECONDS_MAX)

    async def in_sync() -> bool:
        return await asyncio.to_thread(is_in_sync, cluster.settings["ONSALE_KAFKA_BOOTSTRAP"])

    await wait_for(in_sync, bool, seconds_max=COME_BACK_SECONDS_MAX, poll_seconds=0.25)


async def _freeze(cluster: OnsaleUp, name: str, holds: HoldClock) -> None:
    with cluster.paused(name):
        await asyncio.sleep(SILENCE_SECONDS)
        await holds.more_come(3)
    await holds.more_come(5)
