"""A seller's webhooks, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_webhook_repository import IWebhookRepository
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.entity.webhook_entity import Webhook


@dataclass(frozen=True, slots=True)
class ListWebhooksUseCase:
    """Nobody sees those of another."""

    webhooks: IWebhookRepository

    async def execute(
        self, principal: Principal, *, limit: int, before: int | None
    ) -> Sequence[Webhook]:
        """Up to ``limit`` webhooks with an id below ``before``.

        Raises:
            ForbiddenRoleError: only sellers have webhooks.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        return await self.webhooks.page(principal.user_id, limit=limit, before=before)
