"""Processes are killed, or all of them stopped, while people book; on Kafka."""

import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.support.both_buses import require_kafka
from tests.support.crash import kill_with_bookings_under_way
from tests.support.onsale_up import OnsaleUp, running_system
from tests.support.polling import wait_for
from tests.support.sale import buy_one_more, seen_by, sell_some
from tests.support.stall import stalled
from tests.support.visitors import Buyer, Seller, connections
from tests.support.wiped_store import wipe_with_bookings_under_way

pytestmark = [pytest.mark.slow, pytest.mark.kafka]


@pytest.fixture(scope="module")
def victim() -> Iterator[OnsaleUp]:
    """A system of this module's own: its processes die."""
    require_kafka()
    with running_system("kafka") as system:
        yield system


@pytest.mark.parametrize(
    "name",
    [
        *("kafka", "seat-reservation", "ticketing"),
        # What these lose or keep has little to do with the broker.
        *(pytest.param(name, marks=pytest.mark.long) for name in ("api", "redis", "postgres")),
    ],
)
async def test_a_killed_process_comes_back_and_no_booking_is_lost(
    victim: OnsaleUp, name: str
) -> None:
    await kill_with_bookings_under_way(victim, name)


@pytest.mark.timeout(300)
async def test_a_wiped_seat_store_is_restored_while_people_book(victim: OnsaleUp) -> None:
    await wipe_with_bookings_under_way(victim)


async def test_with_the_broker_standing_still_bookings_are_accepted_and_readiness_names_it(
    victim: OnsaleUp,
) -> None:
    async with connections(victim.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event()

        async def readiness() -> tuple[int, list[str]]:
            answer = await http.get("/readyz")
            return answer.status_code, answer.json().get("down", [])

        with stalled(victim, "kafka"):
            accepted = await buyer.book(event_id, "1-1")
            await wait_for(readiness, lambda now: now == (503, ["message-bus"]))
            # One that starts meanwhile serves what needs no broker.
            killed = victim.send("api", signal.SIGKILL)
            await wait_for(lambda: _answers(http), bool, seconds_max=60)
            assert victim.pid("api") != killed
            assert (await buyer.booking(accepted["id"]))["status"] == "processing"
            assert await readiness() == (503, ["message-bus"])
        await wait_for(readiness, lambda now: now == (200, []), seconds_max=60)
        settled = await buyer.settled(accepted["id"], seconds_max=60)
        assert settled["status"] == "pending_payment"
        victim.verify(event_id)


async def test_everything_is_kept_over_a_stop_and_a_start(victim: OnsaleUp) -> None:
    token, event_id = await sell_some(victim)
    before = await seen_by(victim, token, event_id)
    victim.stop()
    victim.start()
    assert await seen_by(victim, token, event_id) == before
    await buy_one_more(victim, token, event_id)
    victim.verify()


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/livez")).is_success
    except httpx.TransportError:
        return False
