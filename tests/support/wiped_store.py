"""Wipe the seat store of a running system with bookings under way, and see what becomes of them."""

from collections import Counter

from onsale.platform.state.redis_clients import create_client
from tests.support.booking_load import BookingLoad, all_settled, booking_load
from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, Seller, connections, regular_hall

SUBSECTION_COUNT = 4
WIPE_COUNT = 3
# What was lost with the messages of the broker is sent again from the rows.
SETTLE_SECONDS_MAX = 60.0


async def wipe_with_bookings_under_way(system: OnsaleUp) -> None:
    """Nothing that was accepted may be lost, and nothing may be sold twice.

    On Redis Streams the messages, topics and groups go with the seats.

    Raises:
        AssertionError: a booking did not settle, or the stores contradict each other.
    """
    async with connections(system.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        hall = regular_hall(rows=25, cols=40, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        paid = await buyer.hold(event_id, "25-1", "25-2")
        assert (await buyer.pay(paid["id"])).status_code == 200
        async with (
            create_client(system.settings["ONSALE_SEAT_STORE_URL"]) as redis,
            booking_load(BookingLoad(buyer, event_id, SUBSECTION_COUNT)) as load,
        ):
            await load.more_are_accepted(10)
            for _ in range(WIPE_COUNT):
                await redis.flushall()
                await load.more_are_accepted(10)
        bookings = await all_settled(buyer, load.accepted, seconds_max=SETTLE_SECONDS_MAX)
        assert {answer.status_code for answer in load.refused} <= {503}, load.refused
        statuses = Counter(booking["status"] for booking in bookings)
        assert statuses == {"pending_payment": len(bookings) - 1, "completed": 1}
        seats = [
            (booking["subsection"], seat)
            for booking in bookings
            for seat in booking["seat_positions"]
        ]
        assert len(seats) == len(set(seats)) == sum(booking["quantity"] for booking in bookings)
        system.verify(event_id)
