"""The refusals of the service, one exception for each stable code."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from onsale.client.errors import FieldError, ProblemError


class SeatsError(ProblemError):
    """Something is wrong with seats that were named."""

    @property
    def seats(self) -> Sequence[str]:
        """The seats in question, ``row-seat``."""
        return self.problem.seats or ()

    @property
    def alternatives(self) -> Sequence[Sequence[str]]:
        """Groups of seats to have instead, nearest first."""
        return self.problem.alternatives or ()


class MalformedRequestError(ProblemError):
    """What arrived was no HTTP request."""

    CODE = "MALFORMED_REQUEST"


class MalformedJsonError(ProblemError):
    """What arrived was no JSON."""

    CODE = "MALFORMED_JSON"


class NotAuthenticatedError(ProblemError):
    """There is no session, or it is over: log in."""

    CODE = "NOT_AUTHENTICATED"


class InvalidCredentialsError(ProblemError):
    """E-mail address or password are wrong."""

    CODE = "INVALID_CREDENTIALS"


class PaymentDeclinedError(ProblemError):
    """The card was declined; the hold stays."""

    CODE = "PAYMENT_DECLINED"

    @property
    def decline_reason(self) -> str | None:
        """What the gateway says."""
        return self.problem.decline_reason or None


class ForbiddenRoleError(ProblemError):
    """Buyers may not do this, or sellers may not."""

    CODE = "FORBIDDEN_ROLE"


class ForbiddenOriginError(ProblemError):
    """A page of another site asked."""

    CODE = "FORBIDDEN_ORIGIN"


class NotOwnerError(ProblemError):
    """It belongs to somebody else."""

    CODE = "NOT_OWNER"


class EventNotFoundError(ProblemError):
    """There is no such event."""

    CODE = "EVENT_NOT_FOUND"


class SubsectionNotFoundError(ProblemError):
    """The event has no such section and subsection."""

    CODE = "SUBSECTION_NOT_FOUND"


class BookingNotFoundError(ProblemError):
    """There is no such booking."""

    CODE = "BOOKING_NOT_FOUND"


class TicketNotFoundError(ProblemError):
    """The booking has no such ticket, or is not completed."""

    CODE = "TICKET_NOT_FOUND"


class WebhookNotFoundError(ProblemError):
    """There is no such webhook."""

    CODE = "WEBHOOK_NOT_FOUND"


class WebhookDeliveryNotFoundError(ProblemError):
    """The log of the webhook has no such delivery."""

    CODE = "WEBHOOK_DELIVERY_NOT_FOUND"


class NotFoundError(ProblemError):
    """The service has nothing at this address."""

    CODE = "NOT_FOUND"


class MethodNotAllowedError(ProblemError):
    """The address takes other methods."""

    CODE = "METHOD_NOT_ALLOWED"


class BodyTimeoutError(ProblemError):
    """The body of the request came too slowly."""

    CODE = "BODY_TIMEOUT"


class EmailTakenError(ProblemError):
    """The e-mail address has an account."""

    CODE = "EMAIL_TAKEN"


class EventNotOnSaleError(ProblemError):
    """The event takes no bookings now."""

    CODE = "EVENT_NOT_ON_SALE"


class EventCancelledError(ProblemError):
    """The event is cancelled."""

    CODE = "EVENT_CANCELLED"


class TicketLimitReachedError(ProblemError):
    """The buyer may not have so many tickets of this event."""

    CODE = "TICKET_LIMIT_REACHED"

    @property
    def limit(self) -> int | None:
        """How many a buyer may have."""
        return self.problem.limit or None

    @property
    def taken(self) -> int | None:
        """How many this one has."""
        return None if self.problem.taken is msgspec.UNSET else self.problem.taken


class SoldOutError(ProblemError):
    """The subsection has not so many seats left."""

    CODE = "SOLD_OUT"


class SeatConflictError(SeatsError):
    """Some of the seats are taken: ``seats``; ``alternatives`` to have instead."""

    CODE = "SEAT_CONFLICT"


class BookingNotPayableError(ProblemError):
    """The booking is in no state to be paid."""

    CODE = "BOOKING_NOT_PAYABLE"


class BookingNotCancellableError(ProblemError):
    """The booking is in no state to be cancelled."""

    CODE = "BOOKING_NOT_CANCELLABLE"


class PaymentInProgressError(ProblemError):
    """Another payment of the booking is under way."""

    CODE = "PAYMENT_IN_PROGRESS"


class AlreadyAdmittedError(ProblemError):
    """The ticket has let somebody in."""

    CODE = "ALREADY_ADMITTED"

    @property
    def admitted_at(self) -> datetime | None:
        """When it did."""
        try:
            return msgspec.convert(self.extras.get("admitted_at"), datetime)
        except msgspec.ValidationError:
            return None


class WebhookLimitReachedError(ProblemError):
    """The seller has as many webhooks as one may have."""

    CODE = "WEBHOOK_LIMIT_REACHED"


class WebhookDisabledError(ProblemError):
    """The webhook is told nothing: make it active first."""

    CODE = "WEBHOOK_DISABLED"


class HoldExpiredError(ProblemError):
    """The hold is over and its seats are offered again."""

    CODE = "HOLD_EXPIRED"


class BodyTooLargeError(ProblemError):
    """The body of the request is too large."""

    CODE = "BODY_TOO_LARGE"


class UnsupportedMediaTypeError(ProblemError):
    """The body of the request was not announced as JSON."""

    CODE = "UNSUPPORTED_MEDIA_TYPE"


class InvalidRequestError(ProblemError):
    """The request breaks a rule: ``errors`` tells which field and why."""

    CODE = "VALIDATION_ERROR"

    @property
    def errors(self) -> Sequence[FieldError]:
        """What is wrong, field by field."""
        return self.problem.errors or ()


class SeatOutOfRangeError(SeatsError):
    """The subsection has no such seats: ``seats``."""

    CODE = "SEAT_OUT_OF_RANGE"


class TicketNotValidError(ProblemError):
    """This code lets nobody in here."""

    CODE = "TICKET_NOT_VALID"


class OrphanSeatError(SeatsError):
    """The seats would leave another one alone; ``alternatives`` would not."""

    CODE = "ORPHAN_SEAT"

    @property
    def left_alone(self) -> Sequence[str]:
        """Which seats would have no free neighbour any more."""
        return self.problem.left_alone or ()


class WebhookAddressRefusedError(ProblemError):
    """Nothing is delivered to this address: it is not on the Internet at large."""

    CODE = "WEBHOOK_ADDRESS_REFUSED"


class IdempotencyKeyReusedError(ProblemError):
    """The idempotency key stands for another request."""

    CODE = "IDEMPOTENCY_KEY_REUSED"


class RateLimitedError(ProblemError):
    """Too many attempts; ``retry_after_seconds`` says when one counts again."""

    CODE = "RATE_LIMITED"


class HeadersTooLargeError(ProblemError):
    """The headers of the request are too large."""

    CODE = "HEADERS_TOO_LARGE"


class InternalError(ProblemError):
    """Something went wrong in the service."""

    CODE = "INTERNAL_ERROR"


class UnavailableError(ProblemError):
    """The service, or something that it needs, cannot be reached at the moment."""

    CODE = "UNAVAILABLE"


class PaymentUnknownError(ProblemError):
    """What became of the payment is not known yet: it is being settled. Pay again with the same
    ``idempotency_key`` and card, or look at the booking.
    """

    CODE = "PAYMENT_UNKNOWN"


PROBLEM_ERRORS: Mapping[str, type[ProblemError]] = {
    kind.CODE: kind
    for kind in tuple(globals().values())
    if isinstance(kind, type) and issubclass(kind, ProblemError) and kind.CODE
}
"""What is raised for which code: all of the above that have one."""
