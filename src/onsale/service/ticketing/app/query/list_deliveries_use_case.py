"""What a webhook was told and is to be told, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryStatus, WebhookDelivery


@dataclass(frozen=True, slots=True)
class ListDeliveriesUseCase:
    """The log of one webhook."""

    keeper: WebhookKeeper

    async def execute(
        self,
        principal: Principal,
        webhook_id: int,
        *,
        status: DeliveryStatus | None,
        limit: int,
        before: int | None,
    ) -> Sequence[WebhookDelivery]:
        """Up to ``limit`` deliveries with an id below ``before``.

        Raises:
            ForbiddenRoleError, NotOwnerError, WebhookNotFoundError: as of the keeper.
        """
        await self.keeper.get(principal, webhook_id)
        return await self.keeper.webhooks.deliveries(
            webhook_id, status=status, limit=limit, before=before
        )
