"""Webhooks as their sellers write and read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from onsale.service.ticketing.domain.webhook_address import URL_LENGTH_MAX
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel, Word, utc


def _distinct(events: list[WebhookEvent]) -> list[WebhookEvent]:
    if len(set(events)) < len(events):
        raise PydanticCustomError("distinct", "An event stands in it more than once")
    return events


Url = Annotated[
    str,
    StringConstraints(max_length=URL_LENGTH_MAX),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": URL_LENGTH_MAX,
            "description": "https, a host with a public address, port 443 or 8443",
            "examples": ["https://example.com/hooks/onsale"],
        }
    ),
]
Events = Annotated[
    list[Word[WebhookEvent]],
    Field(min_length=1, max_length=len(WebhookEvent), json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]


class RegisterWebhookRequest(RequestModel):
    """An address, and what it is to be told: everything if nothing is said."""

    url: Url
    event_types: Events = Field(default_factory=lambda: list(WebhookEvent))


class UpdateWebhookRequest(RequestModel):
    """What is given is changed. ``is_active`` false: nothing is owed any more from then on, and
    what is owed is given up; it can be sent again.
    """

    url: Url | None = None
    event_types: Events | None = None
    is_active: bool | None = None

    def to_changes(self) -> WebhookChanges:
        """The changes in the words of the use case."""
        event_types = None if self.event_types is None else tuple(self.event_types)
        return WebhookChanges(self.url, event_types, self.is_active)


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. ``disabled_reason`` tells why it is not active: its seller wants it so, its
    receiver answered ``410``, or nothing arrived for three days. Until ``previous_secret_until``
    deliveries are signed with the secret before as well.
    """

    id: int
    url: str
    event_types: list[WebhookEvent]
    is_active: bool
    disabled_reason: DisabledReason | None
    previous_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


class WebhookWithSecretBody(WebhookBody, frozen=True, kw_only=True):
    """A webhook and its secret, which is shown this once."""

    secret: Annotated[str, msgspec.Meta(pattern="^whsec_")]


class WebhookPageBody(msgspec.Struct, frozen=True):
    """A page of webhooks."""

    items: list[WebhookBody]
    next_cursor: str | None


class DeliveryBody(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery so far. ``message_id`` is its ``webhook-id``. ``last_status`` is
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


class DeliveryPageBody(msgspec.Struct, frozen=True):
    """A page of deliveries."""

    items: list[DeliveryBody]
    next_cursor: str | None


def webhook_body(webhook: Webhook) -> WebhookBody:
    """A webhook without what its secret is derived from."""
    return WebhookBody(
        id=webhook.id,
        url=webhook.url,
        event_types=list(webhook.event_types),
        is_active=webhook.is_active,
        disabled_reason=webhook.disabled_reason,
        previous_secret_until=webhook.previous_until and utc(webhook.previous_until),
        created_at=utc(webhook.created_at),
        updated_at=utc(webhook.updated_at),
    )


def webhook_with_secret_body(webhook: Webhook, secret: str) -> WebhookWithSecretBody:
    """A webhook whose secret is new."""
    return WebhookWithSecretBody(**msgspec.structs.asdict(webhook_body(webhook)), secret=secret)


def delivery_body(delivery: WebhookDelivery) -> DeliveryBody:
    """A line of the log."""
    return DeliveryBody(
        id=delivery.id,
        message_id=f"msg_{delivery.message_id.hex}",
        type=delivery.type,
        booking_id=delivery.booking_id,
        event_id=delivery.event_id,
        status=delivery.status,
        attempts=delivery.attempt_count,
        last_status=delivery.last_status,
        last_error=delivery.last_fault,
        last_attempt_at=delivery.last_attempt_at and utc(delivery.last_attempt_at),
        next_attempt_at=delivery.next_try_at and utc(delivery.next_try_at),
        created_at=utc(delivery.created_at),
        settled_at=delivery.settled_at and utc(delivery.settled_at),
    )
