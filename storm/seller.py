"""The seller of a round: takes seats out of the sale while people buy, and calls an event off."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from storm.clients import Client
from storm.history import ACCEPTED, OK, Operation
from storm.plan import CALLED_OFF, LASTING

BLOCK_PAUSE_SECONDS = (1.5, 4.0)
CALL_OFF_SECONDS = (8.0, 20.0)
"""Of the round, until its event is called off."""
UNBLOCK_PROBABILITY = 0.3
BLOCKED_AT_ONCE = 2
RETRY_PAUSE_SECONDS = 0.5
ATTEMPT_COUNT_MAX = 40
_CONFLICT = 409


@dataclass(slots=True)
class Seller:
    """Asks again and again until its event is called off for certain; of seats that it blocked it
    puts some back.
    """

    client: Client
    events: dict[str, int]
    rng: random.Random
    _blocked: list[tuple[str, int, list[str]]] = field(default_factory=list)

    async def run(self, over: asyncio.Event) -> None:
        """Sell until the round is over."""
        call_off_at = time.monotonic() + self.rng.uniform(*CALL_OFF_SECONDS)
        is_called_off = False
        while not over.is_set():
            await asyncio.sleep(self.rng.uniform(*BLOCK_PAUSE_SECONDS))
            if not is_called_off and time.monotonic() >= call_off_at:
                is_called_off = await self._call_off()
            elif self._blocked and self.rng.random() < UNBLOCK_PROBABILITY:
                await self._unblock()
            else:
                await self._block()
        if not is_called_off:
            await self._call_off()

    async def _call_off(self) -> bool:
        event_id = self.events[CALLED_OFF.name]
        for _ in range(ATTEMPT_COUNT_MAX):
            asked = await self.client.send(
                "call off", "POST", f"/api/event/{event_id}/cancel", event_id=event_id
            )
            if asked.status in (ACCEPTED, _CONFLICT):
                return True
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
        return False

    async def _block(self) -> None:
        section = self.rng.choice(sorted(LASTING.prices))
        subsection = self.rng.randint(1, LASTING.subsection_count)
        row = self.rng.randint(1, LASTING.rows)
        first = self.rng.randint(1, LASTING.seats_per_row - BLOCKED_AT_ONCE + 1)
        seats = [f"{row}-{first + offset}" for offset in range(BLOCKED_AT_ONCE)]
        asked = await self._restate("block", section, subsection, seats)
        if asked.status == OK:
            self._blocked.append((section, subsection, seats))

    async def _unblock(self) -> None:
        chosen = self._blocked.pop(self.rng.randrange(len(self._blocked)))
        await self._restate("unblock", *chosen)

    async def _restate(
        self, how: str, section: str, subsection: int, seats: list[str]
    ) -> Operation:
        event_id = self.events[LASTING.name]
        path = f"/api/event/{event_id}/sections/{section}/subsection/{subsection}/{how}"
        return await self.client.send(
            how,
            "POST",
            path,
            json={"seats": seats},
            event_id=event_id,
            asked={"section": section, "subsection": subsection, "seats": seats},
        )
