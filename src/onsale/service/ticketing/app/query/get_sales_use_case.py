"""What has been sold of an event, for its seller."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_sales import ISalesReader, SalesFigures
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event


@dataclass(frozen=True, slots=True)
class GetSalesUseCase:
    """Figures come from the ledger: what the seat store has not heard of is sold all the same."""

    catalog: EventCatalog
    sales: ISalesReader

    async def event_of(self, principal: Principal, event_id: int) -> Event:
        """The event, if its sales are the principal's to see.

        Raises:
            ForbiddenRoleError, NotOwnerError: only the event's seller may.
            EventNotFoundError: there is no such event.
        """
        event = await self.catalog.get(event_id)
        RoleAuthService.require_event_seller(principal, event)
        return event

    async def execute(self, event: Event) -> SalesFigures:
        """The figures of an event of :meth:`event_of`."""
        return await self.sales.figures(event.id)
