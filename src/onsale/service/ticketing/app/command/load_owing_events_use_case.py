"""Load every event that owes a load, a few at a time."""

import asyncio
from dataclasses import dataclass

from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.interface.i_event_upkeep import IEventUpkeep

BATCH_COUNT_MAX = 20
AT_ONCE_MAX = 4
"""A load mostly waits for the two stores; more at once would take the connections of all else."""


@dataclass(slots=True)
class LoadOwingEventsUseCase:
    """An event that cannot be loaded keeps no other from it: the next round begins behind it."""

    upkeep: IEventUpkeep
    load_event_seats: LoadEventSeatsUseCase
    _loaded_up_to: int = 0

    async def execute(self) -> bool:
        """Load one batch, and tell whether more may be due.

        Raises:
            ExceptionGroup: some could not be loaded and stay due; all the others were.
        """
        event_ids = await self.upkeep.owing_load(self._loaded_up_to, BATCH_COUNT_MAX)
        is_more_due = len(event_ids) == BATCH_COUNT_MAX
        self._loaded_up_to = event_ids[-1] if is_more_due else 0
        places = asyncio.Semaphore(AT_ONCE_MAX)

        async def load(event_id: int) -> None:
            async with places:
                await self.load_event_seats.execute(event_id)

        outcomes = await asyncio.gather(*map(load, event_ids), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise ExceptionGroup("some events could not be loaded", failures)
        return is_more_due
