"""Words that answers choose from. One that a newer service adds is read as ``UNKNOWN``."""

from enum import StrEnum
from typing import Self

from typing_extensions import override


class _Word(StrEnum):
    @classmethod
    @override
    def _missing_(cls, value: object) -> Self:
        return cls["UNKNOWN"]


class Role(_Word):
    """What an account is for."""

    BUYER = "buyer"
    SELLER = "seller"
    UNKNOWN = "unknown"


class EventStatus(_Word):
    """A ``draft`` is being loaded, or waits for its ``on_sale_at``."""

    DRAFT = "draft"
    AVAILABLE = "available"
    SOLD_OUT = "sold_out"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class EventOrder(StrEnum):
    """How a list of events is ordered; ``SALE``: what can be bought first."""

    NEWEST = "newest"
    SALE = "sale"


class TicketStatus(_Word):
    """State of a seat, and of its ticket."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class SeatKind(_Word):
    """For whom a seat is set aside."""

    ACCESSIBLE = "accessible"
    COMPANION = "companion"
    UNKNOWN = "unknown"


class SelectionMode(_Word):
    """Whether a booking named its seats."""

    MANUAL = "manual"
    BEST_AVAILABLE = "best_available"
    UNKNOWN = "unknown"


class BookingStatus(_Word):
    """How far a booking has come."""

    PROCESSING = "processing"
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        """Whether its stream has nothing more to tell."""
        return self in {BookingStatus.COMPLETED, BookingStatus.CANCELLED, BookingStatus.FAILED}


class WebhookEvent(_Word):
    """What a webhook can be told."""

    BOOKING_COMPLETED = "booking.completed"
    BOOKING_CANCELLED = "booking.cancelled"
    EVENT_SOLD_OUT = "event.sold_out"
    UNKNOWN = "unknown"


class DisabledReason(_Word):
    """Why a webhook is told nothing: its seller wants it so, its receiver answered ``410``, or
    nothing arrived for three days.
    """

    SELLER = "seller"
    GONE = "gone"
    FAILING = "failing"
    UNKNOWN = "unknown"


class DeliveryStatus(_Word):
    """Where a delivery stands; one that is ``dead`` is tried again only if its seller asks."""

    OWED = "owed"
    DELIVERED = "delivered"
    DEAD = "dead"
    UNKNOWN = "unknown"


class DeliveryFault(_Word):
    """What went wrong in the latest attempt to deliver."""

    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    STATUS = "status"
    GONE = "gone"
    DISABLED = "disabled"
    UNKNOWN = "unknown"


class CancelReason(_Word):
    """Why a booking was cancelled."""

    BUYER = "buyer"
    EXPIRED = "expired"
    EVENT_CANCELLED = "event_cancelled"
    UNKNOWN = "unknown"
