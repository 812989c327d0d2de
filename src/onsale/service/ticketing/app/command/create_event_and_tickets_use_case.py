"""Create an event together with all of its tickets."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import IEventCommandRepository
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventDetails,
    EventTicketingAggregate,
)


@dataclass(frozen=True, slots=True)
class CreateEventAndTicketsUseCase:
    """The event starts as a draft that owes the load of its seats; loaded, it opens by itself."""

    events: IEventCommandRepository

    async def execute(self, principal: Principal, details: EventDetails) -> Event:
        """Store event and tickets in one transaction.

        Raises:
            ForbiddenRoleError: only sellers make events.
            InvalidInputError: a limit of the event is exceeded.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        return await self.events.add(EventTicketingAggregate.create(principal.user_id, details))
