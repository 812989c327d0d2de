"""Finds webhooks for those to whom they belong."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_webhook_repository import IWebhookRepository
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.entity.webhook_entity import Webhook
from onsale.service.ticketing.domain.exceptions import WebhookNotFoundError


@dataclass(frozen=True, slots=True)
class WebhookKeeper:
    """Asked first by every use case that is about one webhook."""

    webhooks: IWebhookRepository

    async def get(self, principal: Principal, webhook_id: int) -> Webhook:
        """The webhook, if it is the principal's.

        Raises:
            ForbiddenRoleError, NotOwnerError: only its seller may see and change it.
            WebhookNotFoundError: there is no such webhook.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        webhook = found(await self.webhooks.by_id(webhook_id))
        webhook.require_seller(principal.user_id)
        return webhook


def found(webhook: Webhook | None) -> Webhook:
    """The webhook; it may have been removed since somebody last looked.

    Raises:
        WebhookNotFoundError: it is gone.
    """
    if webhook is None:
        raise WebhookNotFoundError
    return webhook
