"""The documentation of ``/api/event``."""

from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    SNAPSHOT_EVENT,
    UPDATE_EVENT,
)
from onsale.service.ticketing.driving_adapter.http_controller.operation import Answer, Operation
from onsale.service.ticketing.driving_adapter.http_controller.parameters import (
    CURSOR,
    EVENT_ID,
    EVENT_ORDER,
    EVENT_STATUS,
    LIMIT,
    MINE,
    SEATS_ASKED,
    SECTION,
    SUBSECTION,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)
from onsale.service.ticketing.driving_adapter.schema.admission_schema import (
    EXAMPLE_CODE,
    AdmittedTicketBody,
    AdmitTicketRequest,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    AlternativesBody,
    CreateEventRequest,
    EventBody,
    EventPageBody,
    EventWithSectionsBody,
    LiveEventBody,
    SeatMapBody,
    UpdateEventRequest,
)

TAG = "events"

CREATE = Operation(
    summary="Create an event with all its seats",
    description=(
        "Prices are in cents. The event begins as `draft` and opens by itself, within seconds, "
        "once its seats are loaded and `on_sale_at` has come. A hall has at most 1,000,000 seats, "
        "a subsection 10,000. The body may have 8 MB. Rows may have a price of their own "
        "(`price_categories`); `accessible` and `companion` seats are given to those alone who ask "
        "for them. Of those an event has at most 20,000, of categories 5,000."
    ),
    tag=TAG,
    body=CreateEventRequest,
    examples={
        "a regular hall, in the short form": {
            "name": "An Evening of Chamber Music",
            "description": "Two sections, 1,000 seats.",
            "venue_name": "The Small Hall",
            "seating_config": {
                "rows": 10,
                "cols": 10,
                "sections": [
                    {"name": "A", "price": 150_000, "subsections": 5},
                    {"name": "B", "price": 90_000, "subsections": 5},
                ],
            },
        },
        "any hall, in the long form": {
            "name": "Opening Night",
            "description": "",
            "venue_name": "The Old Theatre",
            "seating_config": {
                "sections": [
                    {
                        "name": "Stalls",
                        "price": 12_000,
                        "subsections": [
                            {"number": 1, "rows": 25, "seats_per_row": 20},
                            {
                                "number": 2,
                                "rows": 12,
                                "seats_per_row": 30,
                                "price_categories": [
                                    {"name": "front", "price": 20_000, "rows": [1, 5]}
                                ],
                                "accessible": ["1-1", "1-2"],
                                "companion": ["1-3"],
                            },
                        ],
                    },
                    {
                        "name": "Box",
                        "price": 30_000,
                        "subsections": [{"number": 1, "rows": 1, "seats_per_row": 6}],
                    },
                ]
            },
            "is_active": True,
            "starts_at": "2031-05-01T19:30:00Z",
            "on_sale_at": "2026-01-01T10:00:00+01:00",
            "currency": "EUR",
            "hold_seconds": 300,
            "max_tickets_per_booking": 6,
            "max_tickets_per_buyer": 12,
            "leave_no_single_seats": True,
        },
    },
    answers={201: Answer(description="The event, still a draft", schema=EventBody)},
    problems=[domain.ForbiddenRoleError, RateLimitedError],
    has_own_bound=True,
    needs_session=True,
)
UPDATE = Operation(
    summary="Change an event",
    description=(
        "What is left out stays. `is_active: false` hides the event from others' lists and refuses "
        "bookings. Seats and prices stay as they were made. A lower `max_tickets_per_buyer` takes "
        "nothing from those who have more."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    body=UpdateEventRequest,
    examples={
        "postpone the sale": {"on_sale_at": "2031-01-01T10:00:00Z"},
        "open the sale": {"on_sale_at": None, "is_active": True},
        "limit what one buyer may have": {"max_tickets_per_buyer": 4},
        "move": {"venue_name": "Loopback Stadium", "starts_at": "2031-05-02T19:30:00Z"},
    },
    answers={200: Answer(description="The event as it now is", schema=EventBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.EventNotFoundError,
        domain.EventCancelledError,
        RateLimitedError,
    ],
    needs_session=True,
)
ADMIT = Operation(
    summary="Admit the bearer of a ticket",
    description=(
        "A ticket lets somebody in once: of two doors at the same moment, one gets `200`. After "
        "that it answers `ALREADY_ADMITTED` with `admitted_at`, also to the door that let them in. "
        "`TICKET_NOT_VALID` is a code that nobody issued, one of another event, and one whose "
        "booking is not `completed` any more."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    body=AdmitTicketRequest,
    examples={"as the scanner read it": {"code": EXAMPLE_CODE}},
    answers={200: Answer(description="Let them in", schema=AdmittedTicketBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.EventNotFoundError,
        domain.AlreadyAdmittedError,
        domain.TicketNotValidError,
        RateLimitedError,
    ],
    needs_session=True,
)
CANCEL = Operation(
    summary="Cancel an event",
    description=(
        "For good: it takes no bookings from now on. Its bookings end as `cancelled`, with "
        "`event_cancelled` as the reason, and what was paid for them is handed back; both go on "
        "after the answer, and `refunds_due` of its sales tells how far they have come. A payment "
        "that is under way is settled first."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    answers={202: Answer(description="The event, cancelled", schema=EventBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.EventNotFoundError,
        domain.EventCancelledError,
        RateLimitedError,
    ],
    needs_session=True,
)
LIST = Operation(
    summary="List events",
    description=(
        "Hidden events are only in their seller's own list (`mine=true`). The cursor of one order "
        "is none of the other. By sale, an event that becomes something else while somebody pages "
        "may come twice, or not at all."
    ),
    tag=TAG,
    parameters=[EVENT_STATUS, EVENT_ORDER, MINE, LIMIT, CURSOR],
    answers={200: Answer(description="A page", schema=EventPageBody)},
    problems=[domain.NotAuthenticatedError, domain.ForbiddenRoleError],
)
GET = Operation(
    summary="Get an event with the seats left in each subsection",
    description="Counts are at most a second old.",
    tag=TAG,
    parameters=[EVENT_ID],
    answers={200: Answer(description="The event", schema=EventWithSectionsBody)},
    problems=[domain.EventNotFoundError],
)
SEATS = Operation(
    summary="Get the seat map of a subsection",
    tag=TAG,
    parameters=[EVENT_ID, SECTION, SUBSECTION],
    answers={200: Answer(description="Every seat, row by row", schema=SeatMapBody)},
    problems=[domain.EventNotFoundError, domain.SubsectionNotFoundError],
)
ALTERNATIVES = Operation(
    summary="Find seats to have instead of others",
    description=(
        "At most three groups of as many adjacent available seats as are asked for, nearest first "
        "(a row is as far as two seats). None leaves a single seat alone if another group does "
        "not; accessible and companion seats are offered to those who ask for such."
    ),
    tag=TAG,
    parameters=[EVENT_ID, SECTION, SUBSECTION, SEATS_ASKED],
    answers={200: Answer(description="The groups, as the seats stand", schema=AlternativesBody)},
    problems=[
        domain.EventNotFoundError,
        domain.SubsectionNotFoundError,
        domain.SeatOutOfRangeError,
    ],
)
FOLLOW = Operation(
    summary="Follow an event",
    description=(
        "Server-sent events: `initial_status` with every subsection, then `status_update` a few "
        "times a second at most, naming only the subsections that changed since the event before. "
        "If it names none, the event itself is another one: its status, or whether and when it "
        "can be bought, which is to be read again."
    ),
    tag=TAG,
    parameters=[EVENT_ID],
    answers={
        200: Answer(
            description="A stream; data is a `LiveEventBody`",
            schema=LiveEventBody,
            media_type="text/event-stream",
            events=[SNAPSHOT_EVENT, UPDATE_EVENT],
        )
    },
    problems=[domain.EventNotFoundError, RateLimitedError],
)
