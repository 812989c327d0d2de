"""Events, a page at a time."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    EventOrder,
    EventPage,
    EventPlace,
    IEventQueryRepository,
)
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError


@dataclass(frozen=True, slots=True)
class ListEventsUseCase:
    """Everybody sees the active events; a seller may ask for all of their own."""

    events: IEventQueryRepository

    async def execute(
        self,
        principal: Principal | None,
        *,
        mine: bool,
        status: EventStatus | None,
        order: EventOrder,
        limit: int,
        after: EventPlace | None,
    ) -> EventPage:
        """Up to ``limit`` events that follow a place: fewer where halls are large.

        Raises:
            NotAuthenticatedError, ForbiddenRoleError: ``mine`` is for sellers who are logged in.
        """
        seller_id = None
        if mine:
            if principal is None:
                raise NotAuthenticatedError
            RoleAuthService.require_role(principal, UserRole.SELLER)
            seller_id = principal.user_id
        which = EventFilter(status, seller_id, order)
        return await self.events.page(which, limit=limit, after=after)
