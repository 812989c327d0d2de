"""What can be refused, in the words of the business. Nothing here knows of HTTP."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID


class TicketingError(Exception):
    """A refusal. The docstring of each subclass is its default message."""

    def __init__(self, message: str | None = None, /, **details: object) -> None:
        """``details`` are facts that the caller may show to whoever asked."""
        super().__init__(message or (type(self).__doc__ or "").split("\n", maxsplit=1)[0])
        self.details: Mapping[str, object] = details


class InvalidInputError(TicketingError):
    """The request breaks a rule that its shape alone does not show."""

    def __init__(self, field: str, message: str, *more: tuple[str, str]) -> None:
        """``field`` is the dotted path of the offending value; ``more`` are those of others, each
        with its own message.
        """
        super().__init__(
            f"{message} ({len(more)} more in errors)" if more else message,
            errors=[{"field": path, "message": text} for path, text in ((field, message), *more)],
        )


class NotAuthenticatedError(TicketingError):
    """Log in first: there is no valid session or token."""


class InvalidCredentialsError(TicketingError):
    """E-mail address or password is wrong."""


class EmailTakenError(TicketingError):
    """An account with this e-mail address exists already."""


class ForbiddenRoleError(TicketingError):
    """Your role may not do this."""


class NotOwnerError(TicketingError):
    """This belongs to somebody else."""


class EventNotFoundError(TicketingError):
    """There is no such event."""


class SubsectionNotFoundError(TicketingError):
    """The event has no such section and subsection."""


class BookingNotFoundError(TicketingError):
    """There is no such booking."""


class TicketNotFoundError(TicketingError):
    """The booking has no such ticket, or is not completed."""


class EventNotOnSaleError(TicketingError):
    """The event is not on sale."""

    def __init__(self, on_sale_at: datetime | None = None) -> None:
        """``on_sale_at`` is told when the sale has yet to open."""
        if on_sale_at is None:
            super().__init__()
        else:
            super().__init__(
                "The event is not on sale yet.",
                on_sale_at=f"{on_sale_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            )


class EventCancelledError(TicketingError):
    """The event is cancelled, and nothing of it changes any more."""


class TicketLimitReachedError(TicketingError):
    """The buyer would have more tickets of the event than one buyer may."""

    def __init__(self, limit: int, taken: int) -> None:
        """``taken`` tickets of ``limit`` are in bookings of the buyer that have not ended."""
        super().__init__(
            f"A buyer may have {limit} tickets of this event, and you have {taken}.",
            limit=limit,
            taken=taken,
        )


class SoldOutError(TicketingError):
    """The subsection has not that many seats left."""


# A detail is for people, and nobody reads ten thousand seats.
SEATS_TOLD_MAX = 10


class SeatConflictError(TicketingError):
    """Some of the seats are taken."""

    def __init__(
        self,
        seats: Sequence[str],
        alternatives: Sequence[Sequence[str]] | None = None,
        *,
        what: str = "Not available",
    ) -> None:
        """``seats`` are the positions that are not ``what`` they would have to be; ``alternatives``
        are groups of seats to have instead, nearest first, where somebody may want some.
        """
        more = len(seats) - SEATS_TOLD_MAX
        told = ", ".join(seats[:SEATS_TOLD_MAX]) + (f" and {more} more" if more > 0 else "")
        details: dict[str, object] = {"seats": list(seats)}
        if alternatives is not None:
            details["alternatives"] = [list(group) for group in alternatives]
        super().__init__(f"{what}: {told}.", **details)


class OrphanSeatError(TicketingError):
    """The seats leave another one alone."""

    def __init__(self, left_alone: Sequence[str], alternatives: Sequence[Sequence[str]]) -> None:
        """``left_alone`` are the positions that would have no free neighbour any more;
        ``alternatives`` are groups of seats that leave none, nearest first.
        """
        super().__init__(
            f"This would leave alone: {', '.join(left_alone)}.",
            left_alone=list(left_alone),
            alternatives=[list(group) for group in alternatives],
        )


class SeatOutOfRangeError(TicketingError):
    """A seat position lies outside the subsection."""

    def __init__(self, seats: Sequence[str], rows: int, seats_per_row: int) -> None:
        """``seats`` are the positions that do not exist in ``rows`` of ``seats_per_row``."""
        super().__init__(
            f"The subsection has {rows} rows of {seats_per_row} seats.",
            seats=list(seats),
            rows=rows,
            seats_per_row=seats_per_row,
        )


class BookingNotPayableError(TicketingError):
    """The booking cannot be paid in its present state."""


class BookingNotCancellableError(TicketingError):
    """The booking cannot be cancelled in its present state."""


class PaymentInProgressError(TicketingError):
    """A payment for this booking is under way."""


class HoldExpiredError(TicketingError):
    """The hold has expired and its seats are offered again."""


class PaymentDeclinedError(TicketingError):
    """The card was declined; the hold stays."""


class PaymentUnknownError(TicketingError):
    """The gateway has not told the outcome yet; it is being settled, ask for the booking again."""


class TicketNotValidError(TicketingError):
    """This code lets nobody in here."""


class AlreadyAdmittedError(TicketingError):
    """The ticket has let somebody in already."""

    def __init__(self, admitted_at: datetime) -> None:
        """``admitted_at`` is when it did."""
        super().__init__(admitted_at=admitted_at.astimezone(UTC))


class WebhookNotFoundError(TicketingError):
    """There is no such webhook."""


class WebhookDeliveryNotFoundError(TicketingError):
    """The webhook has no such delivery, or it was long ago."""


class WebhookLimitReachedError(TicketingError):
    """You have as many webhooks as one seller may have."""


class WebhookDisabledError(TicketingError):
    """Nothing is delivered to this webhook; put it in use again first."""


class WebhookAddressRefusedError(TicketingError):
    """Nothing is delivered to this address."""

    def __init__(self, why: str) -> None:
        """``why`` it is refused; it may be shown."""
        super().__init__(f"This address is refused: {why}.", field="url")


class IdempotencyKeyReusedError(TicketingError):
    """This idempotency key was used with another request."""


class IllegalTransitionError(TicketingError):
    """The booking is not in the state that this step starts from."""


class TicketCountMismatchError(Exception):
    """Fewer tickets moved than a booking asked for: the seat store is wrong about them."""

    def __init__(self, booking_ids: Sequence[UUID]) -> None:
        """``booking_ids`` are those whose tickets were not all there to move."""
        self.booking_ids = tuple(booking_ids)
        super().__init__(f"tickets not available for {len(self.booking_ids)} booking(s)")
