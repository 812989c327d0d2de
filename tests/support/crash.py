"""Kill one process of a running system with bookings under way, and see what becomes of them."""

import signal
from collections import Counter

import httpx

from tests.support.booking_load import BookingLoad, all_settled, booking_load
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller, connections, regular_hall

SUBSECTION_COUNT = 4
COME_BACK_SECONDS_MAX = 45.0
# A command that was lost is sent again after ten seconds.
SETTLE_SECONDS_MAX = 60.0


async def kill_with_bookings_under_way(system: OnsaleUp, name: str) -> None:
    """Nothing that was accepted may be lost, and nothing may be sold twice.

    Raises:
        AssertionError: the process did not come back, a booking did not settle, or the stores
            contradict each other.
    """
    async with connections(system.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        hall = regular_hall(rows=25, cols=40, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        async with booking_load(BookingLoad(buyer, event_id, SUBSECTION_COUNT)) as load:
            await load.more_are_accepted(10)
            killed = system.send(name, signal.SIGKILL)
            await come_back(system, name, killed, http)
            await load.more_are_accepted(10)
        bookings = await all_settled(buyer, load.accepted, seconds_max=SETTLE_SECONDS_MAX)
        assert {answer.status_code for answer in load.refused} <= {503}, load.refused
        statuses = Counter(booking["status"] for booking in bookings)
        assert statuses.keys() == {"pending_payment"}, statuses
        seats = [
            (booking["subsection"], seat)
            for booking in bookings
            for seat in booking["seat_positions"]
        ]
        assert len(seats) == len(set(seats)) == sum(booking["quantity"] for booking in bookings)
        system.verify(event_id)


async def come_back(system: OnsaleUp, name: str, killed: int, http: httpx.AsyncClient) -> None:
    """Wait until another process has taken the place of the killed one and all is ready."""

    async def state() -> tuple[int | None, int]:
        try:
            ready = (await http.get("/readyz")).status_code
        except httpx.TransportError:
            ready = 0
        return system.pid(name), ready

    await wait_for(
        state,
        lambda now: now[0] not in (None, killed) and now[1] == httpx.codes.OK,
        seconds_max=COME_BACK_SECONDS_MAX,
        poll_seconds=0.1,
    )
