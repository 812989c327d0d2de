"""Cancel an event: from now on it takes no bookings, and those that it has end."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import (
    IEventCommandRepository,
    IEventQueryRepository,
)
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import EventNotFoundError


@dataclass(frozen=True, slots=True)
class CancelEventUseCase:
    """One update, which owes the rest: the ticketing worker ends the bookings and hands back what
    was paid for them.
    """

    reader: IEventQueryRepository
    writer: IEventCommandRepository
    catalog: EventCatalog
    notices: ILiveNoticePublisher

    async def execute(self, principal: Principal, event_id: int) -> Event:
        """Cancel the event and return it.

        Raises:
            ForbiddenRoleError, NotOwnerError: only the event's seller may.
            EventNotFoundError: there is no such event.
            EventCancelledError: it was cancelled before.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        event = await self.reader.by_id(event_id)
        if event is None:
            raise EventNotFoundError
        RoleAuthService.require_event_seller(principal, event)
        cancelled = await self.writer.cancel(event_id)
        self.catalog.forget(event_id)
        await self.notices.publish(altered_events=[event_id])
        return cancelled
