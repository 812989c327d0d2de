"""Ask for a load of every event that the seat store has lost."""

from dataclasses import dataclass

import structlog

from onsale.service.ticketing.app.interface.i_drift_watch import (
    IDriftLedger,
    IDriftMeter,
    ISeatPresence,
)

PAGE_COUNT_MAX = 200

_log = structlog.get_logger()


@dataclass(slots=True)
class RestoreLostEventsUseCase:
    """A wiped store is found within one round, also where nobody buys.

    The ledger is read first: what it calls loaded was in the store before, and a load replaces keys
    and never removes one. So an event that is absent is lost, at the first look.
    """

    ledger: IDriftLedger
    presence: ISeatPresence
    meter: IDriftMeter
    _looked_up_to: int = 0

    async def execute(self) -> bool:
        """Look at the next page of events; ``True`` if some were lost, so more may be.

        Raises:
            UnavailableError: the ledger or the seat store is away.
        """
        page = await self.ledger.opened_after(self._looked_up_to, PAGE_COUNT_MAX)
        absent = await self.presence.absent([event.event_id for event in page]) if page else ()
        self._looked_up_to = page[-1].event_id if len(page) == PAGE_COUNT_MAX else 0
        for event in page:
            if event.event_id in absent and await self.ledger.request_load(event):
                _log.warning("event_lost_by_the_seat_store", event_id=event.event_id)
                self.meter.repaired("lost")
        return bool(absent) and self._looked_up_to > 0
