"""Deliver something once more."""

from dataclasses import dataclass

from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.entity.webhook_entity import WebhookDelivery
from onsale.service.ticketing.domain.exceptions import WebhookDeliveryNotFoundError


@dataclass(frozen=True, slots=True)
class ResendDeliveryUseCase:
    """Under the same id and with the same words, whatever became of it before."""

    keeper: WebhookKeeper

    async def execute(
        self, principal: Principal, webhook_id: int, delivery_id: int
    ) -> WebhookDelivery:
        """The delivery, which is owed and due.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
            WebhookDeliveryNotFoundError: the webhook has no such delivery.
            WebhookDisabledError: nothing is delivered to it.
        """
        webhook = await self.keeper.get(principal, webhook_id)
        if await self.keeper.webhooks.delivery(webhook_id, delivery_id) is None:
            raise WebhookDeliveryNotFoundError
        webhook.require_active()
        owed = await self.keeper.webhooks.resend(delivery_id)
        if owed is None:
            raise WebhookDeliveryNotFoundError
        return owed
