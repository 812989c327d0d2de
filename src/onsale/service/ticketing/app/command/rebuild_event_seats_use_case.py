"""Rebuild the seat store of an event from the ledger because somebody asks for it."""

from dataclasses import dataclass

from onsale.service.ticketing.app.command.load_event_seats_use_case import (
    LoadedSeats,
    LoadEventSeatsUseCase,
)
from onsale.service.ticketing.app.interface.i_ledger_audit import ILedgerAudit
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.domain.exceptions import EventNotFoundError


class EventIsDraftError(Exception):
    """The event was never loaded; a ticketing worker does that by itself."""


@dataclass(frozen=True, slots=True)
class RebuildEventSeatsUseCase:
    """Sales go on meanwhile: what they owe is sent again under the new epoch."""

    ledger: ILedgerAudit
    load_event_seats: LoadEventSeatsUseCase

    async def execute(self, event_id: int) -> LoadedSeats:
        """Load the event, whatever the store holds of it.

        Raises:
            EventNotFoundError: there is no such event.
            EventIsDraftError: it was never loaded; opening it is not the business of a repair.
            InconsistentSnapshotError: the ledger contradicts itself; nothing was changed.
            UnavailableError: the ledger or the seat store is away; nothing is lost, try again.
        """
        if await self.ledger.status(event_id) is EventStatus.DRAFT:
            raise EventIsDraftError
        loaded = await self.load_event_seats.execute(event_id, always=True)
        if loaded is None:
            raise EventNotFoundError
        return loaded
