"""An address that a seller wants to be told at, and what it is told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from onsale.service.ticketing.domain.exceptions import NotOwnerError, WebhookDisabledError

WEBHOOKS_PER_SELLER_MAX = 10
PREVIOUS_SECRET_SECONDS = 24 * 3_600
"""For so long after a rotation deliveries are signed with the secret before as well."""
PING = "ping"
"""What a seller sends to try a webhook out; every one takes it."""


class WebhookEvent(StrEnum):
    """What a webhook can be told."""

    BOOKING_COMPLETED = "booking.completed"
    BOOKING_CANCELLED = "booking.cancelled"
    EVENT_SOLD_OUT = "event.sold_out"


class DisabledReason(StrEnum):
    """Why a webhook is told nothing."""

    SELLER = "seller"
    GONE = "gone"
    FAILING = "failing"


class DeliveryStatus(StrEnum):
    """Where a delivery stands; one that is dead is tried again only if its seller asks."""

    OWED = "owed"
    DELIVERED = "delivered"
    DEAD = "dead"


class DeliveryFault(StrEnum):
    """What went wrong in the latest attempt."""

    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    STATUS = "status"
    GONE = "gone"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Webhook:
    """``salt`` is what its secret is derived from, ``previous_salt`` that of the secret before,
    with which deliveries are signed as well until ``previous_until``.
    """

    id: int
    seller_id: int
    url: str
    event_types: tuple[WebhookEvent, ...]
    is_active: bool
    disabled_reason: DisabledReason | None
    salt: bytes
    previous_salt: bytes | None
    previous_until: datetime | None
    created_at: datetime
    updated_at: datetime

    def require_seller(self, user_id: int) -> None:
        """Raise ``NotOwnerError`` unless the webhook is this user's."""
        if self.seller_id != user_id:
            raise NotOwnerError

    def require_active(self) -> None:
        """Raise ``WebhookDisabledError`` if nothing is delivered to it."""
        if not self.is_active:
            raise WebhookDisabledError


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One thing that one webhook is told. ``last_status`` is the HTTP status of the latest answer;
    ``next_try_at`` is ``None`` unless it is owed.
    """

    id: int
    webhook_id: int
    message_id: UUID
    type: str
    booking_id: UUID | None
    event_id: int | None
    status: DeliveryStatus
    attempt_count: int
    last_status: int | None
    last_fault: DeliveryFault | None
    last_attempt_at: datetime | None
    next_try_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
