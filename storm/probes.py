"""Requests that must stay refused whatever else happens: to see or touch what is someone else's."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from storm.buyers import CARDS
from storm.clients import Client
from storm.history import History

INTERVAL_SECONDS = 0.25

UNAUTHENTICATED = 401
FORBIDDEN = 403


@dataclass(slots=True)
class Probes:
    """Another buyer, another seller and somebody without an account, who try what they may not."""

    history: History
    anonymous: Client
    other_buyer: Client
    other_seller: Client
    event_ids: Sequence[int]
    rng: random.Random

    async def run(self, over: asyncio.Event) -> None:
        """Try one thing after the other until the round is over."""
        while not over.is_set():
            await asyncio.sleep(INTERVAL_SECONDS)
            booking_id = self._somebodys_booking()
            if booking_id is not None:
                await self._try_one(booking_id)

    def _somebodys_booking(self) -> str | None:
        newest = self.history.operations[-200:]
        promised = [operation.accepted_id for operation in newest if operation.accepted_id]
        return self.rng.choice(promised) if promised else None

    async def _try_one(self, booking_id: str) -> None:
        path = f"/api/booking/{booking_id}"
        intruder, allowed = self.rng.choice(
            (
                (self.anonymous, UNAUTHENTICATED),
                (self.other_buyer, FORBIDDEN),
                (self.other_seller, FORBIDDEN),
            )
        )
        event_id = self.rng.choice(self.event_ids)
        attempts = (
            ("GET", path, None),
            ("GET", f"{path}/sse", None),
            ("POST", f"{path}/cancel", None),
            ("POST", f"{path}/pay", {"card_number": CARDS["good"]}),
            ("PATCH", f"/api/event/{event_id}", {"name": "Mine"}),
        )
        method, target, body = self.rng.choice(attempts)
        await intruder.send(
            "probe",
            method,
            target,
            json=body,
            booking_id=booking_id,
            event_id=event_id,
            allowed=(allowed,),
            asked={"method": method, "target": target},
        )
