"""A seat store that gives away seats whoever has them."""

from onsale.service.shared_kernel.seat_messages import SeatsReserved
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.pipeline import Pipeline


async def lying_result(
    pipeline: Pipeline, event: Event, *seats: str
) -> tuple[Booking, SeatsReserved]:
    """A new booking, and a result that gives it these seats."""
    buyer = await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, quantity=len(seats))
    (command,) = await pipeline.commands()
    result = SeatsReserved(
        booking_id=booking.id,
        event_id=event.id,
        section="A",
        subsection=1,
        epoch=command.epoch,
        seq=command.seq,
        positions=seats,
    )
    return booking, result
