"""Parameters that several calls share, as the documentation shows them."""

from onsale.service.ticketing.app.interface.i_event_repository import EventOrder
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    path_parameter,
    query_parameter,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_values import (
    ID_MAX,
    IDEMPOTENCY_KEY_LENGTH_MAX,
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
)

_ID_SCHEMA = {"type": "integer", "minimum": 1, "maximum": ID_MAX}

EVENT_ID = path_parameter("event_id", _ID_SCHEMA, 1)
SECTION = path_parameter("section", {"type": "string", "pattern": r"^[^\u0000]+$"}, "A")
SUBSECTION = path_parameter("subsection", {"type": "integer"}, 1)
SEATS_ASKED = {
    "name": "seats",
    "in": "query",
    "required": True,
    "schema": {
        "type": "string",
        "pattern": "^[1-9][0-9]*-[1-9][0-9]*(,[1-9][0-9]*-[1-9][0-9]*){0,9}$",
    },
    "description": "the seats that were wanted, one to ten: `row-seat`, with commas between",
    "example": "1-1,1-2",
}
BOOKING_ID = path_parameter(
    "booking_id", {"type": "string", "format": "uuid"}, "0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10"
)
TICKET_ID = path_parameter("ticket_id", _ID_SCHEMA, 1)
LIMIT = query_parameter(
    "limit",
    {
        "type": "integer",
        "minimum": 1,
        "maximum": PAGE_LIMIT_MAX,
        "default": PAGE_LIMIT_DEFAULT,
    },
    "items of a page",
)
CURSOR = query_parameter("cursor", {"type": "string"}, "`next_cursor` of the page before")
EVENT_STATUS = query_parameter(
    "status", {"type": "string", "enum": [status.value for status in EventStatus]}, "only these"
)
BOOKING_STATUS = query_parameter(
    "status", {"type": "string", "enum": [status.value for status in BookingStatus]}, "only these"
)
EVENT_ORDER = query_parameter(
    "order",
    {
        "type": "string",
        "enum": [order.value for order in EventOrder],
        "default": EventOrder.NEWEST.value,
    },
    "`newest` first; or by `sale`: what can be bought, then what cannot yet, what is sold out, "
    "what has begun, what was cancelled, newest first within each",
)
MINE = query_parameter(
    "mine", {"type": "boolean", "default": False}, "a seller's own events, hidden ones included"
)
EVENT_FILTER = query_parameter(
    "event_id", {"type": "integer", "minimum": 1}, "only bookings of this event"
)
PAYMENT_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX},
    "description": (
        "Your name for this payment, good for 24 hours and apart from those of bookings: sent "
        "again with the same card, it answers what became of the first and charges nothing more. "
        "While that is not known it answers `PAYMENT_IN_PROGRESS`."
    ),
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX},
    "description": (
        "Your name for this request, good for 24 hours: sent again with the same body, it answers "
        "the first booking as it is by then, with the header `Idempotent-Replayed: true`."
    ),
}
