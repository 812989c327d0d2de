"""Take seats out of the sale, or put them back."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.app.interface.i_event_repository import IEventQueryRepository
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from onsale.service.ticketing.domain.exceptions import (
    EventCancelledError,
    EventNotFoundError,
    SeatConflictError,
    SeatOutOfRangeError,
)


@dataclass(frozen=True, slots=True)
class SetSeatsBlockedUseCase:
    """The ledger first, with the event owned, so that no booking gets a ticket meanwhile; then the
    event's seats are loaded anew. The epoch ends in the same transaction: whatever the seat store
    decided before, and has not been written yet, is decided once more with these seats as they are.
    """

    events: IEventQueryRepository
    unit_of_work: ITicketingUnitOfWork
    catalog: EventCatalog

    async def execute(
        self,
        principal: Principal,
        event_id: int,
        section: str,
        subsection: int,
        positions: Sequence[SeatPosition],
        *,
        blocked: bool,
    ) -> None:
        """Block these seats (distinct, of one subsection), or unblock them: all or none.

        Raises:
            ForbiddenRoleError, NotOwnerError: only the event's seller may.
            EventNotFoundError, SubsectionNotFoundError, SeatOutOfRangeError: there is no such seat.
            EventCancelledError: nothing of it changes any more.
            SeatConflictError: some are not available, or not blocked.
        """
        RoleAuthService.require_role(principal, UserRole.SELLER)
        event = await self.events.by_id(event_id)
        if event is None:
            raise EventNotFoundError
        RoleAuthService.require_event_seller(principal, event)
        layout = event.details.seating_config.find(section, subsection)
        outside = [str(seat) for seat in positions if not layout.contains(seat)]
        if outside:
            raise SeatOutOfRangeError(outside, layout.rows, layout.seats_per_row)

        async def restate(transaction: ITicketingTransaction) -> None:
            terms = await transaction.own_event(event_id, briefly=True)
            if terms is None or terms.is_cancelled:
                raise EventCancelledError
            await _restate(transaction, event_id, layout, positions, blocked=blocked)
            await transaction.raise_epoch(event_id)
            await transaction.request_load([event_id])

        await self.unit_of_work.run(restate)
        self.catalog.forget(event_id)


async def _restate(
    transaction: ITicketingTransaction,
    event_id: int,
    layout: SubsectionLayout,
    positions: Sequence[SeatPosition],
    *,
    blocked: bool,
) -> None:
    before, after = TicketStatus.AVAILABLE, TicketStatus.BLOCKED
    if not blocked:
        before, after = after, before
    moved = await transaction.restate_seats(event_id, layout, positions, before=before, after=after)
    others = [str(seat) for seat in sorted(positions) if seat not in moved]
    if others:
        raise SeatConflictError(others, what="Not available" if blocked else "Not blocked")
