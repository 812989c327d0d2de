"""Send a webhook something that tells of nothing, to try it out."""

from dataclasses import dataclass

from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.entity.webhook_entity import WebhookDelivery


@dataclass(frozen=True, slots=True)
class PingWebhookUseCase:
    """A ping goes the way of all deliveries; the log tells what came of it."""

    keeper: WebhookKeeper

    async def execute(self, principal: Principal, webhook_id: int) -> WebhookDelivery:
        """The delivery, which is owed.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
            WebhookDisabledError: nothing is delivered to it.
        """
        (await self.keeper.get(principal, webhook_id)).require_active()
        return await self.keeper.webhooks.owe_ping(webhook_id)
