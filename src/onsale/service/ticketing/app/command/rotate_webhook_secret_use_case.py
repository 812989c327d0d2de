"""Give a webhook a new secret."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_webhook_delivery import IWebhookSecrets
from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper, found
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.entity.webhook_entity import Webhook


@dataclass(frozen=True, slots=True)
class RotateWebhookSecretUseCase:
    """Both secrets sign for a day, so that a receiver can change over in its own time. Whoever
    rotates twice has done with the first at once.
    """

    keeper: WebhookKeeper
    secrets: IWebhookSecrets

    async def execute(self, principal: Principal, webhook_id: int) -> tuple[Webhook, str]:
        """The webhook and its new secret.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
        """
        await self.keeper.get(principal, webhook_id)
        salt = self.secrets.new_salt()
        return found(await self.keeper.webhooks.rotate(webhook_id, salt)), self.secrets.secret(salt)
