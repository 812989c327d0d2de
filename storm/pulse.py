"""The pulse: a steady trickle of bookings that shows when the system sells, and when it does not.

Each lane books in a subsection of its own, so that the lanes lie on several partitions and between
them meet every copy of every worker. A lane that waits does not keep another waiting.
"""

import asyncio
from dataclasses import dataclass, field

from storm.clients import Client, was_accepted
from storm.faults import Strike
from storm.history import OK, JsonObject
from storm.plan import PULSE

INTERVAL_SECONDS = 0.4
BOOK_SECONDS_MAX = 1.0
POLL_SECONDS = 0.05
HOLD_SECONDS_MAX = 60.0


@dataclass(slots=True)
class Pulse:
    """``beats`` of each lane: when a booking was asked for, and when its hold was seen."""

    client: Client
    event_id: int
    beats: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    async def run(self, over: asyncio.Event) -> None:
        """Beat in every lane until the round is over; what was asked for is followed to the end."""
        async with asyncio.TaskGroup() as lanes:
            for lane in range(1, PULSE.subsection_count + 1):
                self.beats[lane] = []
                lanes.create_task(self._lane(lane, over))

    async def _lane(self, lane: int, over: asyncio.Event) -> None:
        following: set[asyncio.Task[None]] = set()
        order: JsonObject = {
            "event_id": self.event_id,
            "section": "P",
            "subsection": lane,
            "seat_selection_mode": "best_available",
            "seat_positions": [],
            "quantity": 1,
        }
        try:
            while not over.is_set():
                asked = await self.client.book(order, patience_seconds=BOOK_SECONDS_MAX)
                if was_accepted(asked):
                    task = asyncio.create_task(
                        self._follow(lane, str(asked.booking_id), asked.sent_at)
                    )
                    following.add(task)
                    task.add_done_callback(following.discard)
                await asyncio.sleep(INTERVAL_SECONDS)
            await asyncio.gather(*following)
        finally:
            for task in following:
                task.cancel()

    async def _follow(self, lane: int, booking_id: str, asked_at: float) -> None:
        history = self.client.history
        pause_seconds = POLL_SECONDS
        while history.now() < asked_at + HOLD_SECONDS_MAX:
            seen = await self.client.read(booking_id)
            if seen.status == OK and seen.body.get("status") != "processing":
                if seen.body["status"] == "pending_payment" and seen.answered_at is not None:
                    self.beats[lane].append((asked_at, seen.answered_at))
                return
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 1.3, 0.5)

    def recovered_at(self, strike: Strike) -> float | None:
        """When the last lane had its first hold that was asked for after the fault was over."""
        firsts = [
            min((held for asked, held in beats if asked >= strike.over_at), default=None)
            for beats in self.beats.values()
        ]
        known = [first for first in firsts if first is not None]
        return max(known) if len(known) == len(firsts) and known else None
