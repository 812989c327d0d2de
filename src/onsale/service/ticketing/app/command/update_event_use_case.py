"""Change what a seller may change of an event."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_repository import (
    EventChanges,
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
class UpdateEventUseCase:
    """Seats and prices stay as they were made; words, times, visibility and limits may
    change.
    """

    reader: IEventQueryRepository
    writer: IEventCommandRepository
    catalog: EventCatalog
    notices: ILiveNoticePublisher

    async def execute(
        self,
        principal: Principal,
        event_id: int,
        changes: EventChanges,
    ) -> Event:
        """Apply ``changes`` (column by column; none is fine) and return the event.

        Raises:
            ForbiddenRoleError, NotOwnerError: only the event's seller may.
            EventNotFoundError: there is no such event.
            EventCancelledError: it does not change any more.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        event = await self.reader.by_id(event_id)
        if event is None:
            raise EventNotFoundError
        RoleAuthService.require_event_seller(principal, event)
        event.require_not_cancelled()
        if not changes:
            return event
        changed = await self.writer.change(event_id, changes)
        self.catalog.forget(event_id)
        await self.notices.publish(altered_events=[event_id])
        return changed
