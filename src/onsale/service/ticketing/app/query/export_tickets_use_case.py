"""Every ticket of an event that is reserved or sold, for its seller."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_sales import ISalesReader, SeatKey, TakenTicket
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event

PAGE_COUNT_MAX = 1_000
_BEFORE_THE_FIRST = SeatKey("", 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ExportTicketsUseCase:
    """Page by page, each a statement of its own: however large the hall and however slowly somebody
    reads, no more than a page is in memory, and no connection is held. A ticket is as it stands
    when its page is read.
    """

    catalog: EventCatalog
    sales: ISalesReader

    async def execute(self, principal: Principal, event_id: int) -> "TicketExport":
        """The export, of which nothing has been read yet.

        Raises:
            ForbiddenRoleError, NotOwnerError: only the event's seller may.
            EventNotFoundError: there is no such event.
        """
        event = await self.catalog.get(event_id)
        RoleAuthService.require_event_seller(principal, event)
        return TicketExport(event, self._pages(event_id))

    async def _pages(self, event_id: int) -> AsyncIterator[Sequence[TakenTicket]]:
        after = _BEFORE_THE_FIRST
        while True:
            page = await self.sales.taken_tickets(event_id, after=after, limit=PAGE_COUNT_MAX)
            yield page
            if len(page) < PAGE_COUNT_MAX:
                return
            after = page[-1].seat


@dataclass(frozen=True, slots=True)
class TicketExport:
    """An event and its tickets in seat order, in pages; the first may be empty."""

    event: Event
    pages: AsyncIterator[Sequence[TakenTicket]]
