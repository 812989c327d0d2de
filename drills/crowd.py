"""Buyers who behave as good clients do: every request has a key, and is repeated until answered."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field

from storm.clients import Client, was_accepted
from storm.final_state import FINAL
from storm.history import JsonObject, Operation

HALL_SECTION = "A"
SUBSECTION_COUNT, ROWS, SEATS_PER_ROW = 12, 50, 40
CARD_NUMBER = "4242424242424242"
REQUEST_SECONDS_MAX = 5.0
RETRY_SECONDS_MAX = 120.0
PAUSE_SECONDS = (0.1, 1.0)
OUTCOME_SECONDS_MAX = 120.0
OPEN_SECONDS_MAX = 60.0
PAY_PROBABILITY = 0.7
CANCEL_PROBABILITY = 0.1
BY_NAME_PROBABILITY = 0.3
_TOO_MANY = 429


async def open_hall(seller: Client, name: str) -> int:
    """An event on sale.

    Raises:
        RuntimeError: it does not open.
    """
    subsections = [
        {"number": number, "rows": ROWS, "seats_per_row": SEATS_PER_ROW}
        for number in range(1, SUBSECTION_COUNT + 1)
    ]
    made = await seller.send(
        "set up",
        "POST",
        "/api/event",
        json={
            "name": name,
            "description": "An evening.",
            "venue_name": "Hall",
            "seating_config": {
                "sections": [
                    {"name": HALL_SECTION, "price": 5_000, "subsections": subsections},
                ]
            },
            "hold_seconds": 7_200,
            "max_tickets_per_booking": 4,
        },
    )
    deadline = time.monotonic() + OPEN_SECONDS_MAX
    while "id" in made.body and time.monotonic() < deadline:
        shown = await seller.send("set up", "GET", f"/api/event/{made.body['id']}")
        if shown.body.get("status") == "available":
            return int(made.body["id"])
        await asyncio.sleep(PAUSE_SECONDS[0])
    raise RuntimeError(f"the event was not opened: {made.status} {made.body}")


@dataclass(slots=True)
class Crowd:
    """Begins ``per_second`` purchases a second, each by the next buyer, until it is told to stop.

    ``go_on`` is asked before each one.
    """

    buyers: Sequence[Client]
    event_id: int
    per_second: float
    rng: random.Random
    label: str = "sale"
    accepted: int = 0
    held: int = 0
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, go_on: Callable[[], bool]) -> None:
        """Return once the last purchase that was begun has come to its end."""
        number = 0
        try:
            while go_on():
                await asyncio.sleep(1 / self.per_second)
                buyer = self.buyers[number % len(self.buyers)]
                self._begin(self._buy(buyer, f"{self.label}-{number}"))
                number += 1
            while self._under_way:
                await asyncio.gather(*self._under_way)
        finally:
            for task in self._under_way:
                task.cancel()

    def _begin(self, purchase: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(purchase)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _buy(self, buyer: Client, key: str) -> None:
        order = self._order()
        booked = await _until_answered(
            lambda: buyer.book(order, key=key, patience_seconds=REQUEST_SECONDS_MAX)
        )
        if not was_accepted(booked) or booked.booking_id is None:
            return
        self.accepted += 1
        booking_id = booked.booking_id
        status = await buyer.settled(booking_id, seconds_max=OUTCOME_SECONDS_MAX)
        if status is None or status in FINAL:
            return
        self.held += 1
        luck = self.rng.random()
        if luck < PAY_PROBABILITY:
            await _until_answered(
                lambda: buyer.pay(
                    booking_id,
                    CARD_NUMBER,
                    card="good",
                    key=f"pay-{key}",
                    patience_seconds=REQUEST_SECONDS_MAX,
                )
            )
        elif luck < PAY_PROBABILITY + CANCEL_PROBABILITY:
            await buyer.cancel(booking_id, patience_seconds=REQUEST_SECONDS_MAX)

    def _order(self) -> JsonObject:
        rng = self.rng
        quantity = rng.choice((1, 2))
        row, first = rng.randint(1, ROWS), rng.randint(1, SEATS_PER_ROW - quantity + 1)
        by_name = rng.random() < BY_NAME_PROBABILITY
        named = [f"{row}-{first + offset}" for offset in range(quantity)]
        return {
            "event_id": self.event_id,
            "section": HALL_SECTION,
            "subsection": rng.randint(1, SUBSECTION_COUNT),
            "seat_selection_mode": "manual" if by_name else "best_available",
            "seat_positions": named if by_name else [],
            "quantity": quantity,
        }


async def _until_answered(ask: Callable[[], Awaitable[Operation]]) -> Operation:
    """Repeat until there is an answer that means something, at most so long; the last."""
    deadline = time.monotonic() + RETRY_SECONDS_MAX
    pause_seconds, pause_seconds_max = PAUSE_SECONDS
    while True:
        operation = await ask()
        if not operation.is_unknown and operation.status != _TOO_MANY:
            return operation
        if time.monotonic() > deadline:
            return operation
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(2 * pause_seconds, pause_seconds_max)
