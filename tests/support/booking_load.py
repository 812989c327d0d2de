"""Bookings that go on while something happens to the system."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Visitor

PAUSE_SECONDS = 0.05
SETTLE_SECONDS_MAX = 60.0


@dataclass(slots=True)
class BookingLoad:
    """Books one to four of the best seats, again and again, and remembers what was promised."""

    buyer: Buyer
    event_id: int
    subsection_count: int
    accepted: list[str] = field(default_factory=list)
    refused: list[httpx.Response] = field(default_factory=list)

    async def run(self) -> None:
        """Book until cancelled. A request without an answer promises nothing."""
        number = 0
        while True:
            order = self.buyer.order(
                self.event_id,
                quantity=number % 4 + 1,
                subsection=number % self.subsection_count + 1,
            )
            number += 1
            try:
                answer = await self.buyer.send("POST", "/api/booking", json=order)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                self.accepted.append(answer.json()["id"])
            elif answer is not None:
                self.refused.append(answer)
            await asyncio.sleep(PAUSE_SECONDS)

    async def more_are_accepted(self, count: int, *, seconds_max: float = 30.0) -> None:
        """Return once so many more were accepted."""
        enough = len(self.accepted) + count

        async def accepted_count() -> int:
            return len(self.accepted)

        await wait_for(accepted_count, lambda now: now >= enough, seconds_max=seconds_max)


@asynccontextmanager
async def booking_load(load: BookingLoad) -> AsyncIterator[BookingLoad]:
    """Book within the block; an error of the load is an error of the block."""
    task = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def all_settled(
    reader: Visitor,
    accepted: Collection[str],
    *,
    path: str = "/api/booking",
    seconds_max: float = SETTLE_SECONDS_MAX,
) -> list[JsonObject]:
    """Every booking of a list once none is processing; each that was accepted is among them."""
    bookings = await wait_for(
        lambda: reader.all_items(path),
        lambda bookings: all(booking["status"] != "processing" for booking in bookings),
        seconds_max=seconds_max,
        poll_seconds=0.25,
    )
    missing = set(accepted) - {booking["id"] for booking in bookings}
    assert not missing, f"accepted, and then gone: {missing}"
    return bookings
