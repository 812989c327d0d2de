"""The one table that says which refusal is which HTTP status and code."""

from collections.abc import Mapping
from typing import NamedTuple

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.driving_adapter.http_controller import request_errors as request


class ProblemKind(NamedTuple):
    """A row: HTTP status, stable code, and what it means in a few words."""

    status: int
    code: str
    title: str


VALIDATION_ERROR = ProblemKind(422, "VALIDATION_ERROR", "The request is not valid")
RATE_LIMITED = ProblemKind(429, "RATE_LIMITED", "Too many attempts")
INTERNAL_ERROR = ProblemKind(500, "INTERNAL_ERROR", "Internal error")

PROBLEMS: Mapping[type[Exception], ProblemKind] = {
    request.MalformedRequestError: ProblemKind(400, "MALFORMED_REQUEST", "No HTTP request"),
    request.MalformedJsonError: ProblemKind(400, "MALFORMED_JSON", "The body is not JSON"),
    domain.NotAuthenticatedError: ProblemKind(401, "NOT_AUTHENTICATED", "Not authenticated"),
    domain.InvalidCredentialsError: ProblemKind(401, "INVALID_CREDENTIALS", "Wrong credentials"),
    domain.PaymentDeclinedError: ProblemKind(402, "PAYMENT_DECLINED", "The payment was declined"),
    domain.ForbiddenRoleError: ProblemKind(403, "FORBIDDEN_ROLE", "Not for your role"),
    request.ForeignOriginError: ProblemKind(403, "FORBIDDEN_ORIGIN", "Not from another site"),
    domain.NotOwnerError: ProblemKind(403, "NOT_OWNER", "Not yours"),
    domain.EventNotFoundError: ProblemKind(404, "EVENT_NOT_FOUND", "No such event"),
    domain.SubsectionNotFoundError: ProblemKind(
        404, "SUBSECTION_NOT_FOUND", "No such section and subsection"
    ),
    domain.BookingNotFoundError: ProblemKind(404, "BOOKING_NOT_FOUND", "No such booking"),
    domain.TicketNotFoundError: ProblemKind(404, "TICKET_NOT_FOUND", "No such ticket"),
    domain.WebhookNotFoundError: ProblemKind(404, "WEBHOOK_NOT_FOUND", "No such webhook"),
    domain.WebhookDeliveryNotFoundError: ProblemKind(
        404, "WEBHOOK_DELIVERY_NOT_FOUND", "No such delivery"
    ),
    request.RouteNotFoundError: ProblemKind(404, "NOT_FOUND", "Nothing here"),
    request.MethodNotAllowedError: ProblemKind(405, "METHOD_NOT_ALLOWED", "Method not allowed"),
    request.BodyTimeoutError: ProblemKind(408, "BODY_TIMEOUT", "The body came too slowly"),
    domain.EmailTakenError: ProblemKind(409, "EMAIL_TAKEN", "The e-mail address is taken"),
    domain.EventNotOnSaleError: ProblemKind(409, "EVENT_NOT_ON_SALE", "Not on sale"),
    domain.EventCancelledError: ProblemKind(409, "EVENT_CANCELLED", "The event is cancelled"),
    domain.TicketLimitReachedError: ProblemKind(
        409, "TICKET_LIMIT_REACHED", "No more tickets for one buyer"
    ),
    domain.SoldOutError: ProblemKind(409, "SOLD_OUT", "Sold out"),
    domain.SeatConflictError: ProblemKind(409, "SEAT_CONFLICT", "Seats are taken"),
    domain.BookingNotPayableError: ProblemKind(
        409, "BOOKING_NOT_PAYABLE", "The booking cannot be paid"
    ),
    domain.BookingNotCancellableError: ProblemKind(
        409, "BOOKING_NOT_CANCELLABLE", "The booking cannot be cancelled"
    ),
    domain.PaymentInProgressError: ProblemKind(
        409, "PAYMENT_IN_PROGRESS", "A payment is under way"
    ),
    domain.AlreadyAdmittedError: ProblemKind(409, "ALREADY_ADMITTED", "Admitted already"),
    domain.WebhookLimitReachedError: ProblemKind(
        409, "WEBHOOK_LIMIT_REACHED", "No more webhooks for one seller"
    ),
    domain.WebhookDisabledError: ProblemKind(409, "WEBHOOK_DISABLED", "The webhook is disabled"),
    domain.HoldExpiredError: ProblemKind(410, "HOLD_EXPIRED", "The hold has expired"),
    request.BodyTooLargeError: ProblemKind(413, "BODY_TOO_LARGE", "The body is too large"),
    request.UnsupportedMediaTypeError: ProblemKind(
        415, "UNSUPPORTED_MEDIA_TYPE", "Not application/json"
    ),
    request.InvalidRequestError: VALIDATION_ERROR,
    domain.InvalidInputError: VALIDATION_ERROR,
    domain.SeatOutOfRangeError: ProblemKind(
        422, "SEAT_OUT_OF_RANGE", "A seat lies outside the subsection"
    ),
    domain.TicketNotValidError: ProblemKind(422, "TICKET_NOT_VALID", "Not a valid ticket"),
    domain.OrphanSeatError: ProblemKind(422, "ORPHAN_SEAT", "A seat would be left alone"),
    domain.WebhookAddressRefusedError: ProblemKind(
        422, "WEBHOOK_ADDRESS_REFUSED", "Nothing is delivered to this address"
    ),
    domain.IdempotencyKeyReusedError: ProblemKind(
        422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used before"
    ),
    request.RateLimitedError: RATE_LIMITED,
    request.TooManyBodiesError: RATE_LIMITED,
    request.TooManyConnectionsError: RATE_LIMITED,
    request.HeadersTooLargeError: ProblemKind(
        431, "HEADERS_TOO_LARGE", "The headers are too large"
    ),
    request.InternalError: INTERNAL_ERROR,
    # No client can bring this about: a use case asked for a step that its own checks exclude.
    domain.IllegalTransitionError: INTERNAL_ERROR,
    UnavailableError: ProblemKind(503, "UNAVAILABLE", "Unavailable for the moment"),
    domain.PaymentUnknownError: ProblemKind(
        504, "PAYMENT_UNKNOWN", "The outcome of the payment is not known yet"
    ),
}


def kind_of(error: Exception) -> ProblemKind:
    """The row of an error's class, or of the nearest of its bases."""
    for base in type(error).__mro__:
        if base in PROBLEMS:
            return PROBLEMS[base]
    return INTERNAL_ERROR
