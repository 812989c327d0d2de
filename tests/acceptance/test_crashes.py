"""Processes are killed, or all of them stopped, while people book; on Redis Streams."""

import asyncio
import signal
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.support.crash import come_back, kill_with_bookings_under_way
from tests.support.onsale_up import OnsaleUp, running_system
from tests.support.polling import wait_for
from tests.support.sale import buy_one_more, seen_by, sell_some
from tests.support.visitors import Buyer, Seller, connections

pytestmark = pytest.mark.slow

SLOW_CARD = "4000 0000 0000 0259"
# An orphaned payment is taken up after twenty seconds.
SETTLE_SECONDS_MAX = 60.0


@pytest.fixture(scope="module")
def victim() -> Iterator[OnsaleUp]:
    """A system of this module's own: its processes die."""
    with running_system("redis") as system:
        yield system


@pytest.mark.parametrize("name", ["api", "seat-reservation", "ticketing", "redis", "postgres"])
async def test_a_killed_process_comes_back_and_no_booking_is_lost(
    victim: OnsaleUp, name: str
) -> None:
    await kill_with_bookings_under_way(victim, name)


async def test_what_was_accepted_outlives_the_process_that_accepted_it(victim: OnsaleUp) -> None:
    async with connections(victim.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event()
        # The broker stands still, so the API has nothing but the row when it dies.
        with victim.paused("redis"):
            accepted = await buyer.book(event_id, "1-1", "1-2")
            assert await buyer.booking(accepted["id"]) == {**accepted, "tickets": []}
            killed = victim.send("api", signal.SIGKILL)
        await come_back(victim, "api", killed, http)
        settled = await buyer.settled(accepted["id"])
        assert (settled["status"], settled["seat_positions"]) == ("pending_payment", ["1-1", "1-2"])
        victim.verify(event_id)


async def test_a_payment_under_way_outlives_the_process_that_made_it(victim: OnsaleUp) -> None:
    async with connections(victim.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event(hold_seconds=5)
        held = await buyer.hold(event_id, "1-1", "1-2")
        database = await asyncpg.connect(victim.settings["ONSALE_DATABASE_URL"])
        paying = asyncio.create_task(buyer.pay(held["id"], SLOW_CARD, key="once"))
        try:
            await wait_for(
                lambda: database.fetchval(
                    "SELECT status FROM payment_attempt WHERE booking_id = $1", UUID(held["id"])
                ),
                lambda status: status == "authorized",
            )
            killed = victim.send("api", signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                await paying
            await come_back(victim, "api", killed, http)
            # The money has not moved yet, and the hold has run out meanwhile: it must not matter.
            paid = await wait_for(
                lambda: buyer.pay(held["id"], SLOW_CARD, key="once"),
                lambda answer: answer.status_code != 409,
                seconds_max=SETTLE_SECONDS_MAX,
                poll_seconds=0.5,
            )
            taken = await database.fetchval(
                "SELECT count(*) FROM mock_gateway_payment WHERE payment_id = $1",
                paid.json()["payment_id"],
            )
        finally:
            await database.close()
        assert (paid.status_code, paid.json()["status"], taken) == (200, "completed", 1), paid.text
        victim.verify(event_id)


async def test_everything_is_kept_over_a_stop_and_a_start(victim: OnsaleUp) -> None:
    token, event_id = await sell_some(victim)
    before = await seen_by(victim, token, event_id)
    victim.stop(signal.SIGTERM)
    victim.start()
    # The same token: the secret that signs sessions was kept too.
    assert await seen_by(victim, token, event_id) == before
    await buy_one_more(victim, token, event_id)
    victim.verify()


async def test_everything_is_kept_when_the_command_itself_is_killed(victim: OnsaleUp) -> None:
    token, event_id = await sell_some(victim)
    before = await seen_by(victim, token, event_id)
    victim.kill_command()
    victim.start()
    assert await seen_by(victim, token, event_id) == before
    await buy_one_more(victim, token, event_id)
    victim.verify(event_id)
