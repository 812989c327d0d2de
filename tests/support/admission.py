"""Tickets that were bought, and those who stand at the door."""

from uuid import UUID

from onsale.service.ticketing.app.interface.i_ticket_codes import SoldTicket
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


def door_of(event: Event) -> Principal:
    """Who lets people in."""
    return Principal(event.seller_id, UserRole.SELLER, token_id="-")


async def tickets_of(pipeline: Pipeline, booking_id: UUID) -> list[SoldTicket]:
    """The tickets of a booking, in seat order."""
    view = (await pipeline.bookings.with_tickets([booking_id]))[booking_id]
    return [SoldTicket(ticket.id, booking_id) for ticket in view.tickets]


async def buy(pipeline: Pipeline, event: Event, *seats: str) -> list[str]:
    """The codes of these seats, which a new buyer has paid for, in seat order."""
    buyer = await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, *seats)
    await pipeline.pay.execute(buyer, held.id, CARD)
    return [pipeline.admit.codes.issue(ticket) for ticket in await tickets_of(pipeline, held.id)]
