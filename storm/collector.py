"""Somebody who takes every seat of a small hall, gives them back and takes them again: it is sold
out again and again, and in the end.
"""

import asyncio
import random
from dataclasses import dataclass

from storm.clients import Client, was_accepted
from storm.history import OK, JsonObject, Operation
from storm.plan import SMALL

KEEPS_SECONDS = (1.0, 4.0)
PATIENCE_SECONDS = 3.0
RETRY_PAUSE_SECONDS = 0.5
HOLD_SECONDS_MAX = 30.0
ATTEMPT_COUNT_MAX = 40
"""Of the last time, when it is to have the seats: the faults are over by then."""
_CONFLICT = 409


@dataclass(slots=True)
class Collector:
    """Asks under a key until there is an answer, so that it knows of every seat that it has."""

    client: Client
    event_id: int
    round_number: int
    rng: random.Random
    _count: int = 0

    async def run(self, over: asyncio.Event) -> None:
        """Collect until the round is over, and then once more for good."""
        while not over.is_set():
            booking_id = await self._take_all()
            await asyncio.sleep(self.rng.uniform(*KEEPS_SECONDS))
            if booking_id is not None:
                await self._give_back(booking_id)
        for _ in range(ATTEMPT_COUNT_MAX):
            if await self._take_all() is not None:
                return
            await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def _take_all(self) -> str | None:
        """The booking that holds every seat, if there is one now."""
        self._count += 1
        asked = await self._book(f"all-{self.round_number}-{self._count}")
        if not was_accepted(asked):
            return None
        booking_id = str(asked.booking_id)
        status = await self.client.settled(booking_id, seconds_max=HOLD_SECONDS_MAX)
        if status is None:
            await self._give_back(booking_id)
        return booking_id if status == "pending_payment" else None

    async def _book(self, key: str) -> Operation:
        order: JsonObject = {
            "event_id": self.event_id,
            "section": "S",
            "subsection": 1,
            "seat_selection_mode": "best_available",
            "seat_positions": [],
            "quantity": SMALL.rows * SMALL.seats_per_row,
        }
        while True:
            asked = await self.client.book(order, key=key, patience_seconds=PATIENCE_SECONDS)
            if not asked.is_unknown:
                return asked
            await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def _give_back(self, booking_id: str) -> None:
        while True:
            asked = await self.client.cancel(booking_id, patience_seconds=PATIENCE_SECONDS)
            if asked.status in (OK, _CONFLICT):
                return
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
