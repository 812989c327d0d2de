"""Let ``sold_out`` follow the seats."""

from collections.abc import Collection
from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_event_upkeep import IEventUpkeep
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher

SWEEP_COUNT_MAX = 50


@dataclass(slots=True)
class RefreshEventStatusUseCase:
    """Runs in a transaction of its own per event, and refuses nobody: it is what lists show."""

    upkeep: IEventUpkeep
    notices: ILiveNoticePublisher
    _swept_up_to: int = 0

    async def execute(self, event_ids: Collection[int]) -> None:
        """Bring the status of these events up to date."""
        for event_id in sorted(event_ids):
            if await self.upkeep.follow_seats(event_id):
                await self.notices.publish(events=[event_id], altered_events=[event_id])

    async def sweep(self) -> None:
        """Do so for the next few of all events, in turn: heals what a dying worker left behind."""
        event_ids = await self.upkeep.opened_after(self._swept_up_to, SWEEP_COUNT_MAX)
        self._swept_up_to = event_ids[-1] if event_ids else 0
        await self.execute(event_ids)
