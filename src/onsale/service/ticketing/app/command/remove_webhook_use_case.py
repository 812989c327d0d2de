"""Remove a webhook."""

from dataclasses import dataclass

from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper
from onsale.service.ticketing.domain.entity.user_entity import Principal


@dataclass(frozen=True, slots=True)
class RemoveWebhookUseCase:
    """It is told nothing any more, not even what is owed already."""

    keeper: WebhookKeeper

    async def execute(self, principal: Principal, webhook_id: int) -> None:
        """Remove it.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
        """
        await self.keeper.get(principal, webhook_id)
        await self.keeper.webhooks.remove(webhook_id)
