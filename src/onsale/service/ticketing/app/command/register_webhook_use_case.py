"""Register an address at which a seller is told what becomes of their sales."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    IWebhookAddresses,
    IWebhookSecrets,
)
from onsale.service.ticketing.app.interface.i_webhook_repository import IWebhookRepository
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.entity.webhook_entity import Webhook, WebhookEvent


@dataclass(frozen=True, slots=True)
class RegisterWebhookUseCase:
    """The secret leaves the service here and when it is rotated, and at no other time."""

    webhooks: IWebhookRepository
    addresses: IWebhookAddresses
    secrets: IWebhookSecrets

    async def execute(
        self, principal: Principal, url: str, event_types: Sequence[WebhookEvent]
    ) -> tuple[Webhook, str]:
        """The webhook and its secret.

        Raises:
            ForbiddenRoleError: only sellers have webhooks.
            WebhookAddressRefusedError: nothing is delivered to this address.
            WebhookLimitReachedError: the seller has as many as one may have.
            UnavailableError: the address cannot be looked up now.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        url = await self.addresses.require_deliverable(url, principal.user_id)
        salt = self.secrets.new_salt()
        webhook = await self.webhooks.add(principal.user_id, url, event_types, salt)
        return webhook, self.secrets.secret(salt)
