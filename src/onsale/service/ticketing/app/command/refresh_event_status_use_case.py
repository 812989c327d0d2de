"""Let ``sold_out`` follow the seats."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from onsale.service.ticketing.app.interface.i_event_upkeep import IEventUpkeep
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher

SWEEP_COUNT_MAX = 5
TOUCHED_COUNT_MAX = 10_000
# Events of one transaction.
BATCH_COUNT_MAX = 500


@dataclass(slots=True)
class RefreshEventStatusUseCase:
    """The status refuses nobody; it is what lists show. A batch of events shares a transaction."""

    upkeep: IEventUpkeep
    notices: ILiveNoticePublisher
    _touched: set[int] = field(default_factory=set)
    _swept_up_to: int = 0

    def touch(self, event_ids: Iterable[int]) -> None:
        """Seats of these events have changed; beyond the bound the sweep finds them."""
        if len(self._touched) < TOUCHED_COUNT_MAX:
            self._touched.update(event_ids)

    async def execute(self) -> None:
        """Bring the touched events up to date, and the next few of all others in turn.

        The sweep heals what a worker that died has left behind.
        """
        swept = await self.upkeep.opened_after(self._swept_up_to, SWEEP_COUNT_MAX)
        self._swept_up_to = swept[-1] if swept else 0
        touched, self._touched = self._touched, set()
        event_ids = sorted(touched.union(swept))
        try:
            while event_ids:
                followed = await self.upkeep.follow_seats(event_ids[:BATCH_COUNT_MAX])
                del event_ids[:BATCH_COUNT_MAX]
                self.touch(followed.in_other_hands)
                if followed.changed:
                    await self.notices.publish(
                        events=followed.changed, altered_events=followed.changed
                    )
        finally:
            # While a store was away; the sweep would take long to come to them.
            self.touch(event_ids)
