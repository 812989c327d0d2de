"""An event of a few seats, sold over the client."""

from onsale.client import (
    EventStatus,
    NewEvent,
    RegularHall,
    RegularSection,
)
from tests.support.either_client import EitherClient

SECTION = RegularSection("A", 1_000, 2)
SMALL = NewEvent(name="Concert", venue_name="Hall", seating_config=RegularHall(5, 10, [SECTION]))


async def opened(seller: EitherClient, event: NewEvent = SMALL) -> int:
    """The id of a new event that is on sale."""
    made = await seller.create_event(event)
    async with seller.stream("follow_event", made.id) as views:
        async for view in views:
            if view.status is EventStatus.AVAILABLE:
                break
    event_id: int = made.id
    return event_id
