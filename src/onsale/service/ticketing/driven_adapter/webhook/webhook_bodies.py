"""What receivers are told, as JSON: what has become of a booking or an event, and nothing of a
buyer but the id.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.webhook_entity import PING, WebhookEvent

_ENCODER = msgspec.json.Encoder()


class BookingData(msgspec.Struct, frozen=True, kw_only=True):
    """A booking when it had just become ``status``; money in cents of ``currency``."""

    booking_id: UUID
    event_id: int
    buyer_id: int
    section: str
    subsection: int
    quantity: int
    seat_positions: list[str]
    total_price: int
    currency: str
    status: str
    previous_status: str
    cancel_reason: str | None
    created_at: datetime
    paid_at: datetime | None


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """An event when it had just become ``status``."""

    event_id: int
    status: str


class PingData(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody tries the webhook out."""

    webhook_id: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """``timestamp`` is when it happened; that of a header is when it was sent."""

    type: str
    timestamp: datetime
    data: BookingData | EventData | PingData


def booking_body(event: WebhookEvent, booking: Booking, previous_status: str, at: datetime) -> str:
    """A booking was completed or cancelled."""
    return _encoded(
        event,
        at,
        BookingData(
            booking_id=booking.id,
            event_id=booking.event_id,
            buyer_id=booking.buyer_id,
            section=booking.section,
            subsection=booking.subsection,
            quantity=booking.quantity,
            seat_positions=list(booking.seat_positions),
            total_price=booking.total_price,
            currency=booking.currency,
            status=booking.status.value,
            previous_status=previous_status,
            cancel_reason=booking.cancel_reason and booking.cancel_reason.value,
            created_at=booking.created_at.astimezone(UTC),
            paid_at=booking.paid_at and booking.paid_at.astimezone(UTC),
        ),
    )


def sold_out_body(event_id: int, at: datetime) -> str:
    """No seat of an event is left."""
    return _encoded(
        WebhookEvent.EVENT_SOLD_OUT, at, EventData(event_id=event_id, status="sold_out")
    )


def ping_body(webhook_id: int, at: datetime) -> str:
    """A webhook is tried out."""
    return _encoded(PING, at, PingData(webhook_id=webhook_id))


def _encoded(kind: str, at: datetime, data: BookingData | EventData | PingData) -> str:
    message = Message(type=str(kind), timestamp=at.astimezone(UTC), data=data)
    return _ENCODER.encode(message).decode()
