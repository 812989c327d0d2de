"""The port to webhooks and to the log of what they were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryStatus,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """What a seller changes; ``None`` stays as it is."""

    url: str | None = None
    event_types: tuple[WebhookEvent, ...] | None = None
    is_active: bool | None = None


class IWebhookRepository(Protocol):
    """Webhooks and the log of their deliveries. One that was removed is not found any more."""

    async def add(
        self, seller_id: int, url: str, event_types: Sequence[WebhookEvent], salt: bytes
    ) -> Webhook:
        """Store a webhook.

        Raises:
            WebhookLimitReachedError: the seller has ``WEBHOOKS_PER_SELLER_MAX``.
        """
        ...

    async def by_id(self, webhook_id: int) -> Webhook | None:
        """One webhook."""
        ...

    async def page(self, seller_id: int, *, limit: int, before: int | None) -> Sequence[Webhook]:
        """Up to ``limit`` webhooks of a seller with an id below ``before``, newest first."""
        ...

    async def change(self, webhook_id: int, changes: WebhookChanges) -> Webhook | None:
        """Change a webhook; ``None`` if it is gone. If it was disabled, nothing that it was owed
        before is delivered once it is active.

        Raises:
            UnavailableError: so much is owed that it is not all given up yet; try again.
        """
        ...

    async def rotate(self, webhook_id: int, salt: bytes) -> Webhook | None:
        """Give it a new secret; the one before stays good for ``PREVIOUS_SECRET_SECONDS``."""
        ...

    async def remove(self, webhook_id: int) -> None:
        """Remove it and its log; what is owed to it is not delivered any more."""
        ...

    async def owe_ping(self, webhook_id: int) -> WebhookDelivery:
        """Owe it a delivery that tells of nothing."""
        ...

    async def delivery(self, webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
        """One delivery of the log."""
        ...

    async def deliveries(
        self, webhook_id: int, *, status: DeliveryStatus | None, limit: int, before: int | None
    ) -> Sequence[WebhookDelivery]:
        """Up to ``limit`` deliveries with an id below ``before``, newest first."""
        ...

    async def resend(self, delivery_id: int) -> WebhookDelivery | None:
        """Owe a delivery anew, due at once and with all its time before it; one that is being
        tried at this moment is left as it is. ``None`` if it is gone.
        """
        ...
