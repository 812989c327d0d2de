"""Change where and what a webhook is told, or whether it is told anything."""

from dataclasses import dataclass, replace

from onsale.service.ticketing.app.interface.i_webhook_delivery import IWebhookAddresses
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper, found
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.entity.webhook_entity import Webhook


@dataclass(frozen=True, slots=True)
class UpdateWebhookUseCase:
    """What is owed already goes to the new address too."""

    keeper: WebhookKeeper
    addresses: IWebhookAddresses

    async def execute(
        self, principal: Principal, webhook_id: int, changes: WebhookChanges
    ) -> Webhook:
        """The webhook as it is then.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
            WebhookAddressRefusedError: nothing is delivered to the new address.
            UnavailableError: the address cannot be looked up now.
        """
        await self.keeper.get(principal, webhook_id)
        if changes.url is not None:
            url = await self.addresses.require_deliverable(changes.url, principal.user_id)
            changes = replace(changes, url=url)
        return found(await self.keeper.webhooks.change(webhook_id, changes))
