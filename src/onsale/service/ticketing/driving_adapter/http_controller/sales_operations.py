"""The documentation of what sellers see and do of a sale."""

from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.driving_adapter.http_controller.operation import Answer, Operation
from onsale.service.ticketing.driving_adapter.http_controller.parameters import (
    EVENT_ID,
    SECTION,
    SUBSECTION,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)
from onsale.service.ticketing.driving_adapter.schema.sales_schema import (
    SalesBody,
    SeatsBody,
    SeatsRequest,
)

TAG = "sales"
_ITS_SELLERS = (domain.ForbiddenRoleError, domain.NotOwnerError, domain.EventNotFoundError)
_SEATS_CHANGE = (
    *_ITS_SELLERS,
    domain.SubsectionNotFoundError,
    domain.EventCancelledError,
    domain.SeatConflictError,
    domain.SeatOutOfRangeError,
    RateLimitedError,
)
_SEATS_EXAMPLES = {"two seats": {"seats": ["1-1", "1-2"]}}

SALES = Operation(
    summary="Get what was sold of an event",
    description=(
        "For its seller, at most a second old. `reserved` are seats that wait for their payment. "
        "`refunds_due` is what was paid and has yet to be given back: after the event was "
        "cancelled it goes down to 0."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    answers={200: Answer(description="Figures of the event and its subsections", schema=SalesBody)},
    problems=_ITS_SELLERS,
    needs_session=True,
)
EXPORT = Operation(
    summary="Get the tickets of an event as a file",
    description=(
        "For its seller: a line for each ticket that is reserved or sold, in seat order, with the "
        "columns `section,subsection,row,seat,status,price_cents,price_decimal,currency,"
        "booking_id,booked_at_utc`. `price_decimal` is the same price with a point before the "
        "cents (`1500` is `15.00`); times are `2031-05-01 19:30:00`. It says nothing of who "
        "bought. Text that a spreadsheet could take for a formula has an apostrophe before it."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    answers={
        200: Answer(description="A table, in UTF-8", schema=str, media_type="text/csv"),
    },
    problems=[*_ITS_SELLERS, RateLimitedError],
    needs_session=True,
)
BLOCK = Operation(
    summary="Take seats out of the sale",
    description=(
        "All of them or none. Seats that are reserved, sold or blocked already are named in "
        "`SEAT_CONFLICT`. Whoever is getting one of them at this moment gets another, or none."
    ),
    tag=TAG,
    parameters=[EVENT_ID, SECTION, SUBSECTION],
    body=SeatsRequest,
    examples=_SEATS_EXAMPLES,
    answers={200: Answer(description="The seats that are blocked now", schema=SeatsBody)},
    problems=_SEATS_CHANGE,
    needs_session=True,
)
UNBLOCK = Operation(
    summary="Put blocked seats on sale again",
    description="All of them or none; they can be booked within a second or two.",
    tag=TAG,
    parameters=[EVENT_ID, SECTION, SUBSECTION],
    body=SeatsRequest,
    examples=_SEATS_EXAMPLES,
    answers={200: Answer(description="The seats that are on sale now", schema=SeatsBody)},
    problems=_SEATS_CHANGE,
    needs_session=True,
)
