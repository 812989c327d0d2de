"""The documentation of ``/api/booking``."""

from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.driving_adapter.http_controller.live_views import UPDATE_EVENT
from onsale.service.ticketing.driving_adapter.http_controller.operation import Answer, Operation
from onsale.service.ticketing.driving_adapter.http_controller.parameters import (
    BOOKING_ID,
    BOOKING_STATUS,
    CURSOR,
    EVENT_FILTER,
    IDEMPOTENCY_KEY,
    LIMIT,
    PAYMENT_KEY,
    TICKET_ID,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)
from onsale.service.ticketing.driving_adapter.schema.booking_schema import (
    BookingBody,
    BookingPageBody,
    BookingWithTicketsBody,
    CancelledBookingBody,
    CreateBookingRequest,
    PaidBookingBody,
    PayBookingRequest,
)

TAG = "bookings"

CREATE = Operation(
    summary="Book seats",
    description=(
        "`202` is a promise: the booking can be read from now on, and it reaches either a hold "
        "(`pending_payment`) or `failed`. Follow `status_url` to see which. `manual` names exactly "
        "`quantity` seats and gets all of them or none; `best_available` names none, and may name "
        "a `price_category` or ask for `accessible_seats`. `total_price` is exact for `manual` and "
        "for a category; else it is reckoned with the section's price, and exact once the seats "
        "are held. `SEAT_CONFLICT` and `ORPHAN_SEAT` offer `alternatives`; what they refuse may "
        "also be refused later: it is then the `failure_reason` of the booking."
    ),
    tag=TAG,
    body=CreateBookingRequest,
    examples={
        "the two best seats": {
            "event_id": 1,
            "section": "A",
            "subsection": 1,
            "seat_selection_mode": "best_available",
            "seat_positions": [],
            "quantity": 2,
        },
        "a wheelchair and company": {
            "event_id": 1,
            "section": "A",
            "subsection": 1,
            "seat_selection_mode": "best_available",
            "quantity": 2,
            "accessible_seats": 1,
        },
        "these two seats": {
            "event_id": 1,
            "section": "A",
            "subsection": 1,
            "seat_selection_mode": "manual",
            "seat_positions": ["3-7", "3-8"],
            "quantity": 2,
        },
    },
    parameters=[IDEMPOTENCY_KEY],
    answers={202: Answer(description="Accepted", schema=BookingBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.EventNotFoundError,
        domain.SubsectionNotFoundError,
        domain.EventNotOnSaleError,
        domain.TicketLimitReachedError,
        domain.SoldOutError,
        domain.SeatConflictError,
        domain.SeatOutOfRangeError,
        domain.OrphanSeatError,
        domain.IdempotencyKeyReusedError,
        RateLimitedError,
    ],
    needs_session=True,
)
LIST = Operation(
    summary="List bookings",
    description="A buyer's own, or those of a seller's events; newest first.",
    tag=TAG,
    parameters=[BOOKING_STATUS, EVENT_FILTER, LIMIT, CURSOR],
    answers={200: Answer(description="A page", schema=BookingPageBody)},
    needs_session=True,
)
GET = Operation(
    summary="Get a booking with its tickets",
    description=(
        "For its buyer and for the seller of its event. Once it is `completed`, each ticket has a "
        "`code` for its buyer, which the door reads; its seller sees none."
    ),
    tag=TAG,
    parameters=[BOOKING_ID],
    answers={200: Answer(description="The booking", schema=BookingWithTicketsBody)},
    problems=[domain.BookingNotFoundError, domain.NotOwnerError],
    needs_session=True,
)
QR = Operation(
    summary="Get the QR code of a ticket",
    description="For its buyer, once the booking is `completed`. It says the ticket's `code`.",
    tag=TAG,
    parameters=[BOOKING_ID, TICKET_ID],
    answers={
        200: Answer(description="A picture of any size", schema=str, media_type="image/svg+xml")
    },
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.BookingNotFoundError,
        domain.TicketNotFoundError,
    ],
    needs_session=True,
)
PAY = Operation(
    summary="Pay for a booking",
    description=(
        "While the hold lasts. After `PAYMENT_UNKNOWN` the outcome is being settled: ask for the "
        "booking again, and do not pay by other means meanwhile. `PAYMENT_DECLINED` tells the "
        "`decline_reason` and leaves the hold; pay again with another card and another key. Money "
        "that was taken and cannot lead to tickets is handed back, and the booking is `failed`."
    ),
    tag=TAG,
    parameters=[BOOKING_ID, PAYMENT_KEY],
    body=PayBookingRequest,
    examples={"a card": {"card_number": "4242 4242 4242 4242"}},
    answers={200: Answer(description="Paid, and the tickets are yours", schema=PaidBookingBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.BookingNotFoundError,
        domain.PaymentDeclinedError,
        domain.BookingNotPayableError,
        domain.PaymentInProgressError,
        domain.HoldExpiredError,
        domain.IdempotencyKeyReusedError,
        domain.PaymentUnknownError,
        RateLimitedError,
    ],
    has_own_bound=True,
    needs_session=True,
)
CANCEL = Operation(
    summary="Cancel a booking",
    description="Before it is paid. Its seats are offered again.",
    tag=TAG,
    parameters=[BOOKING_ID],
    answers={200: Answer(description="Cancelled", schema=CancelledBookingBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.BookingNotFoundError,
        domain.BookingNotCancellableError,
        domain.PaymentInProgressError,
    ],
    needs_session=True,
)
FOLLOW = Operation(
    summary="Follow a booking",
    description=(
        "Server-sent events named `status_update`, each with the booking as `GET` shows it, codes "
        "of tickets left out: first as it stands, then after each change. The stream ends when "
        "nothing more can change."
    ),
    tag=TAG,
    parameters=[BOOKING_ID],
    answers={
        200: Answer(
            description="A stream; data is a `BookingWithTicketsBody`",
            schema=BookingWithTicketsBody,
            media_type="text/event-stream",
            events=[UPDATE_EVENT],
        )
    },
    problems=[
        domain.ForbiddenRoleError,
        domain.NotOwnerError,
        domain.BookingNotFoundError,
        RateLimitedError,
    ],
    needs_session=True,
)
