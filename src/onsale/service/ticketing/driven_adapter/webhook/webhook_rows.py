"""Rows as webhooks and deliveries."""

from onsale.platform.database.rows import Row
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)


def webhook_from_row(row: Row) -> Webhook:
    """A row of ``webhook``."""
    reason = None if row["disabled_reason"] is None else DisabledReason(row["disabled_reason"])
    if reason is DisabledReason.GONE and row["failed_at"] is not None:
        reason = DisabledReason.FAILING
    return Webhook(
        id=row["id"],
        seller_id=row["seller_id"],
        url=row["url"],
        event_types=tuple(WebhookEvent(each) for each in row["event_types"]),
        is_active=row["is_active"],
        disabled_reason=reason,
        salt=row["salt"],
        previous_salt=row["previous_salt"],
        previous_until=row["previous_until"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def delivery_from_row(row: Row) -> WebhookDelivery:
    """A row of ``webhook_delivery``."""
    fault = row["last_fault"]
    return WebhookDelivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        message_id=row["message_id"],
        type=row["type"],
        booking_id=row["booking_id"],
        event_id=row["event_id"],
        status=DeliveryStatus(row["status"]),
        attempt_count=row["attempt_count"],
        last_status=row["last_status"],
        last_fault=None if fault is None else DeliveryFault(fault),
        last_attempt_at=row["last_attempt_at"],
        next_try_at=row["next_try_at"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
    )
