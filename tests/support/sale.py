"""A small sale, and what its buyer sees of it: for tests of what outlives a process."""

from tests.support.onsale_up import OnsaleUp
from tests.support.visitors import Buyer, JsonObject, Seller, connections


async def sell_some(system: OnsaleUp) -> tuple[str, int]:
    """Bookings that are completed, cancelled and held; returns the buyer's token and the event."""
    async with connections(system.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event(hold_seconds=7_200)
        await buyer.pay((await buyer.hold(event_id, "1-1", "1-2"))["id"])
        await buyer.cancel((await buyer.hold(event_id, "2-1"))["id"])
        await buyer.hold(event_id, quantity=4)
        return buyer.token, event_id


async def seen_by(
    system: OnsaleUp, buyer_token: str, event_id: int
) -> tuple[list[JsonObject], dict[str, str]]:
    """The buyer's bookings and the map of the event, as they are now."""
    async with connections(system.base_url) as http:
        buyer = Buyer(http, buyer_token)
        return await buyer.all_items("/api/booking"), await buyer.seats(event_id)


async def buy_one_more(system: OnsaleUp, buyer_token: str, event_id: int) -> None:
    """The sale must go on."""
    async with connections(system.base_url) as http:
        buyer = Buyer(http, buyer_token)
        held = await buyer.hold(event_id, "5-10")
        assert (await buyer.pay(held["id"])).status_code == 200
