"""What the service answers about webhooks. Times are in UTC."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from typing_extensions import override

from onsale.client.words import DeliveryFault, DeliveryStatus, DisabledReason, WebhookEvent


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. ``disabled_reason`` tells why it is not active; until ``previous_secret_until``
    deliveries are signed with the secret before as well.
    """

    id: int
    url: str
    event_types: Sequence[WebhookEvent]
    is_active: bool
    disabled_reason: DisabledReason | None
    previous_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(Webhook, frozen=True, kw_only=True):
    """A webhook and its new secret, for ``verify_webhook``: it is shown this once."""

    secret: str

    @override
    def __repr__(self) -> str:
        # Whoever has the secret can send what passes for a delivery; an address may hold one too.
        return f"WebhookWithSecret(id={self.id})"


class WebhookPage(msgspec.Struct, frozen=True):
    """A page of webhooks, newest first; without ``next_cursor`` it is the last."""

    items: Sequence[Webhook]
    next_cursor: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery so far. ``message_id`` is its ``webhook-id``; ``last_status`` is
    the HTTP status of the latest answer, ``last_error`` what was wrong.
    """

    id: int
    message_id: str
    type: str
    booking_id: UUID | None
    event_id: int | None
    status: DeliveryStatus
    attempts: int
    last_status: int | None
    last_error: DeliveryFault | None
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    created_at: datetime
    settled_at: datetime | None


class DeliveryPage(msgspec.Struct, frozen=True):
    """A page of deliveries, newest first; without ``next_cursor`` it is the last."""

    items: Sequence[Delivery]
    next_cursor: str | None
