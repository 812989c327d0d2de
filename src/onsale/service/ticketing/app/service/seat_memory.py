"""What the API remembers of free seats, for refusals that need not queue.

The script decides; this only spares it requests that cannot succeed. Memory older than a second
refuses nobody, and no request waits for it: asking marks a subsection as wanted, and a background
loop reads what is wanted again and again while it is asked for.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from onsale.service.shared_kernel.seating import SeatState, SubsectionLayout
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap

FRESH_SECONDS = 1.0
REFRESH_SECONDS = 0.5
WANTED_SECONDS = 5.0
WANTED_COUNT_MAX = 5_000


@dataclass(slots=True)
class _Subsection:
    layout: SubsectionLayout
    wanted_at: float
    states: bytes | None = None
    available: int = 0
    read_at: float = field(default=float("-inf"))


class SeatMemory:
    """Seat states of the subsections that are being booked right now."""

    def __init__(self, seats: ISeatMap, monotonic: Callable[[], float]) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._seats = seats
        self._monotonic = monotonic
        self._wanted: dict[tuple[int, str, int], _Subsection] = {}

    def available(self, event_id: int, layout: SubsectionLayout) -> int | None:
        """Free seats of the subsection; ``None`` when that is not known freshly."""
        entry = self._fresh(event_id, layout)
        return None if entry is None else entry.available

    def states(self, event_id: int, layout: SubsectionLayout) -> bytes | None:
        """The seats, one byte (``SeatState``) each; ``None`` when they are not known freshly."""
        entry = self._fresh(event_id, layout)
        return None if entry is None else entry.states

    async def refresh(self) -> None:
        """Read once all that was wanted lately, one call of the store per event."""
        now = self._monotonic()
        for key, entry in list(self._wanted.items()):
            if now - entry.wanted_at > WANTED_SECONDS:
                del self._wanted[key]
        by_event: dict[int, list[_Subsection]] = {}
        for (event_id, _, _), entry in self._wanted.items():
            by_event.setdefault(event_id, []).append(entry)
        for event_id, entries in by_event.items():
            read_at = self._monotonic()
            loaded = await self._seats.states(event_id, [entry.layout for entry in entries])
            for entry, subsection in zip(entries, loaded, strict=True):
                if subsection is None:
                    entry.read_at = float("-inf")
                    continue
                entry.states = subsection.states
                entry.available = subsection.states.count(SeatState.AVAILABLE)
                entry.read_at = read_at

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Refresh until cancelled; an error ages the memory and is reported."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - reported; stale memory refuses nobody
                on_error(error)
            await asyncio.sleep(REFRESH_SECONDS)

    def _fresh(self, event_id: int, layout: SubsectionLayout) -> _Subsection | None:
        key = (event_id, layout.section, layout.subsection)
        now = self._monotonic()
        entry = self._wanted.get(key)
        if entry is None:
            if len(self._wanted) < WANTED_COUNT_MAX:
                self._wanted[key] = _Subsection(layout, wanted_at=now)
            return None
        entry.wanted_at = now
        return entry if now - entry.read_at <= FRESH_SECONDS else None
