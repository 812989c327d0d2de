"""The doors of a round: they read tickets that buyers were shown, and what is none of theirs."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from storm.clients import Client
from storm.history import OK, History, Operation

INTERVAL_SECONDS = 0.2
# Of what is scanned: something changed, or shown at the door of another event.
FORGED_PROBABILITY = 0.15
ASTRAY_PROBABILITY = 0.15
_SHOWING = frozenset({"read", "final read"})


class Ticket(NamedTuple):
    """What a buyer shows."""

    code: str
    id: int
    booking_id: str
    event_id: int


@dataclass(slots=True)
class Doors:
    """Two of them, so that a ticket is often read at both at the same moment; and read again and
    again, also when its event has been called off.
    """

    one: Client
    other: Client
    history: History
    event_ids: Sequence[int]
    rng: random.Random
    _tickets: list[Ticket] = field(default_factory=list)
    _reads: list[Operation] = field(default_factory=list)
    _looked_up_to: int = 0

    async def run(self, over: asyncio.Event) -> None:
        """Scan one ticket after the other until the round is over."""
        while not over.is_set():
            await asyncio.sleep(INTERVAL_SECONDS)
            self._gather()
            if self._tickets:
                await self._read(self.rng.choice(self._tickets))

    def _gather(self) -> None:
        """The tickets of whatever buyers have been shown since."""
        new = self.history.operations[self._looked_up_to :]
        self._looked_up_to += len(new)
        reads = [*self._reads, *(each for each in new if each.kind in _SHOWING)]
        self._reads = [each for each in reads if each.status is None and each.gave_up_at is None]
        for read in reads:
            if read.status == OK and read.booking_id is not None:
                event_id = read.body["event_id"]
                self._tickets += [
                    Ticket(ticket["code"], ticket["id"], read.booking_id, event_id)
                    for ticket in read.body["tickets"]
                    if "code" in ticket
                ]

    async def _read(self, ticket: Ticket) -> None:
        chance = self.rng.random()
        if chance < FORGED_PROBABILITY:
            await self._scan(self.one, ticket, ticket.event_id, code=ticket.code[::-1])
        elif chance < FORGED_PROBABILITY + ASTRAY_PROBABILITY:
            others = [each for each in self.event_ids if each != ticket.event_id]
            await self._scan(self.one, ticket, self.rng.choice(others))
        else:
            await asyncio.gather(
                *(self._scan(door, ticket, ticket.event_id) for door in (self.one, self.other))
            )

    async def _scan(
        self, door: Client, ticket: Ticket, event_id: int, *, code: str | None = None
    ) -> None:
        await door.send(
            "scan",
            "POST",
            f"/api/event/{event_id}/admission",
            json={"code": code or ticket.code},
            event_id=event_id,
            asked={
                "ticket_id": ticket.id,
                "booking_id": ticket.booking_id,
                "event_id": ticket.event_id,
                "is_forged": code is not None,
            },
        )
