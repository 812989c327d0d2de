"""Webhooks and their deliveries in memory, and addresses that lead wherever the test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import uuid4

from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.domain.entity.webhook_entity import (
    PING,
    PREVIOUS_SECRET_SECONDS,
    WEBHOOKS_PER_SELLER_MAX,
    DeliveryStatus,
    DisabledReason,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from onsale.service.ticketing.domain.exceptions import WebhookLimitReachedError
from onsale.service.ticketing.domain.webhook_address import read_address, require_allowed

PUBLIC = "93.184.215.14"


@dataclass
class InMemoryWebhooks:
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    log: dict[int, WebhookDelivery] = field(default_factory=dict)
    being_tried: set[int] = field(default_factory=set)

    async def add(
        self, seller_id: int, url: str, event_types: Sequence[WebhookEvent], salt: bytes
    ) -> Webhook:
        theirs = [each for each in self.webhooks.values() if each.seller_id == seller_id]
        if len(theirs) >= WEBHOOKS_PER_SELLER_MAX:
            raise WebhookLimitReachedError(limit=WEBHOOKS_PER_SELLER_MAX)
        now, number = datetime.now(UTC), max(self.webhooks, default=0) + 1
        webhook = Webhook(
            id=number,
            seller_id=seller_id,
            url=url,
            event_types=tuple(event_types),
            is_active=True,
            disabled_reason=None,
            salt=salt,
            previous_salt=None,
            previous_until=None,
            created_at=now,
            updated_at=now,
        )
        self.webhooks[number] = webhook
        return webhook

    async def by_id(self, webhook_id: int) -> Webhook | None:
        return self.webhooks.get(webhook_id)

    async def page(self, seller_id: int, *, limit: int, before: int | None) -> Sequence[Webhook]:
        theirs = [
            each
            for number, each in sorted(self.webhooks.items(), reverse=True)
            if each.seller_id == seller_id and (before is None or number < before)
        ]
        return theirs[:limit]

    async def change(self, webhook_id: int, changes: WebhookChanges) -> Webhook | None:
        if (webhook := self.webhooks.get(webhook_id)) is None:
            return None
        if changes.url is not None:
            webhook = replace(webhook, url=changes.url)
        if changes.event_types is not None:
            webhook = replace(webhook, event_types=changes.event_types)
        if changes.is_active and not webhook.is_active:
            for number, each in self.log.items():
                if each.webhook_id == webhook_id and each.status is DeliveryStatus.OWED:
                    self.settle(number, DeliveryStatus.DEAD)
        if changes.is_active is not None:
            reason = webhook.disabled_reason or DisabledReason.SELLER
            webhook = replace(
                webhook,
                is_active=changes.is_active,
                disabled_reason=None if changes.is_active else reason,
            )
        self.webhooks[webhook_id] = replace(webhook, updated_at=datetime.now(UTC))
        return self.webhooks[webhook_id]

    async def rotate(self, webhook_id: int, salt: bytes) -> Webhook | None:
        if (webhook := self.webhooks.get(webhook_id)) is None:
            return None
        now = datetime.now(UTC)
        self.webhooks[webhook_id] = replace(
            webhook,
            salt=salt,
            previous_salt=webhook.salt,
            previous_until=now + timedelta(seconds=PREVIOUS_SECRET_SECONDS),
            updated_at=now,
        )
        return self.webhooks[webhook_id]

    async def remove(self, webhook_id: int) -> None:
        self.webhooks.pop(webhook_id, None)

    async def owe_ping(self, webhook_id: int) -> WebhookDelivery:
        now, number = datetime.now(UTC), len(self.log) + 1
        self.log[number] = WebhookDelivery(
            id=number,
            webhook_id=webhook_id,
            message_id=uuid4(),
            type=PING,
            booking_id=None,
            event_id=None,
            status=DeliveryStatus.OWED,
            attempt_count=0,
            last_status=None,
            last_fault=None,
            last_attempt_at=None,
            next_try_at=now,
            created_at=now,
            settled_at=None,
        )
        return self.log[number]

    def settle(self, delivery_id: int, status: DeliveryStatus) -> None:
        """What a worker does."""
        self.log[delivery_id] = replace(
            self.log[delivery_id],
            status=status,
            attempt_count=1,
            next_try_at=None,
            settled_at=datetime.now(UTC),
        )

    async def delivery(self, webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
        found = self.log.get(delivery_id)
        return found if found is not None and found.webhook_id == webhook_id else None

    async def deliveries(
        self, webhook_id: int, *, status: DeliveryStatus | None, limit: int, before: int | None
    ) -> Sequence[WebhookDelivery]:
        found = [
            each
            for number, each in sorted(self.log.items(), reverse=True)
            if each.webhook_id == webhook_id
            and status in (None, each.status)
            and (before is None or number < before)
        ]
        return found[:limit]

    async def resend(self, delivery_id: int) -> WebhookDelivery | None:
        found = self.log.get(delivery_id)
        if found is not None and delivery_id not in self.being_tried:
            is_owed = found.status is DeliveryStatus.OWED
            found = self.log[delivery_id] = replace(
                found,
                status=DeliveryStatus.OWED,
                attempt_count=found.attempt_count if is_owed else 0,
                next_try_at=datetime.now(UTC),
                settled_at=None,
            )
        return found


@dataclass
class KnownAddresses:
    """Every name leads to one public address, unless it is told otherwise."""

    leads_to: dict[str, str] = field(default_factory=dict)

    async def require_deliverable(self, url: str, seller_id: int) -> str:
        address = read_address(url)
        literal = address.literal or ip_address(self.leads_to.get(address.host, PUBLIC))
        require_allowed(address, [literal], [])
        return str(address)
