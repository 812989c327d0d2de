"""Events as their live viewers see them, many at once."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from onsale.service.ticketing.app.query.get_event_use_case import EventView, GetEventUseCase
from onsale.service.ticketing.domain.exceptions import EventNotFoundError

READS_AT_ONCE_MAX = 16


@dataclass(frozen=True, slots=True)
class ReadLiveEventsUseCase:
    """The same as everybody reads, for all events that are watched."""

    get_event: GetEventUseCase
    _places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE_MAX), repr=False
    )

    async def execute(self, event_ids: Collection[int]) -> Mapping[int, EventView]:
        """The events with their counts; unknown ids are left out.

        Raises:
            UnavailableError: one of them could not be read.
        """
        ids = list(event_ids)
        views = await asyncio.gather(*map(self._read, ids))
        return {
            event_id: view for event_id, view in zip(ids, views, strict=True) if view is not None
        }

    async def _read(self, event_id: int) -> EventView | None:
        async with self._places:
            try:
                return await self.get_event.execute(event_id)
            except EventNotFoundError:
                return None
