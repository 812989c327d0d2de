"""Buyers: each lives through its stories one after the other until the round is over."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from storm.clients import Client, was_accepted
from storm.final_state import FINAL
from storm.followers import Follower, following
from storm.history import JsonObject
from storm.plan import CALLED_OFF, FLEETING, LASTING, PULSE, SMALL, Ending, Hall, Story

# The numbers for which the mock gateway has a behaviour of its own, and one that it accepts.
CARDS = {
    "good": "4242424242424242",
    "declined": "4000000000000002",
    "slow": "4000000000000259",
    "unanswered": "4000000000000341",
    "unreached": "4000000000000366",
    "doubled": "4000000000000424",
    "lapsed": "4000000000000515",
}
PAY_SECONDS_MAX = 14.0
HOLD_SECONDS_MAX = 20.0
RETRY_COUNT_MAX = 3
RETRY_PAUSE_SECONDS = 0.4
# After a wish that came to nothing.
STORY_PAUSE_SECONDS = 0.3

# Longer than the end may take to show on a stream.
STAY_SECONDS_MAX = 12.0

EventIds = Mapping[str, int]


class Settled(Protocol):
    """How a buyer learns what became of a booking."""

    async def __call__(self, booking_id: str, /, *, seconds_max: float) -> str | None:
        """The status once it is no longer processing; ``None`` if that takes too long."""


def order(event_id: int, story: Story) -> JsonObject:
    """The body of a booking."""
    return {
        "event_id": event_id,
        "section": story.section,
        "subsection": story.subsection,
        "seat_selection_mode": "manual" if story.seats else "best_available",
        "seat_positions": list(story.seats),
        "quantity": story.quantity,
    }


@dataclass(slots=True)
class Buyer:
    """One buyer of a round. Its keys are its own and differ from story to story. One that follows
    has its bookings streamed to it; the others ask again and again.
    """

    client: Client
    events: EventIds
    round_number: int
    follows: bool = False
    _story_count: int = field(default=0)

    async def run(self, stories: Iterator[Story], over: asyncio.Event) -> None:
        """Buy until the round is over; a story that has begun is told to its end."""
        while not over.is_set():
            self._story_count += 1
            await self.live(next(stories))

    async def live(self, story: Story) -> None:
        """One purchase from beginning to end."""
        await asyncio.sleep(story.pause_seconds)
        clicked_at = time.monotonic()
        promised = await self._book(story)
        for booking_id in sorted(promised):
            await self._end(story, booking_id, clicked_at)
        if not promised:
            await asyncio.sleep(STORY_PAUSE_SECONDS)

    async def _book(self, story: Story) -> set[str]:
        """Ask for the seats, more than once if that is this buyer's way; the promises."""
        key = f"{self.round_number}-{self._story_count}" if story.has_key else None
        wanted = order(self.events[story.hall.name], story)
        promised: set[str] = set()
        for _ in range(RETRY_COUNT_MAX):
            clicks = [
                self.client.book(wanted, key=key, patience_seconds=story.patience_seconds)
                for _ in range(2 if story.double_click else 1)
            ]
            operations = await asyncio.gather(*clicks)
            promised |= {str(each.booking_id) for each in operations if was_accepted(each)}
            if not story.retries or not any(each.is_unknown for each in operations):
                break
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
        return promised

    async def _end(self, story: Story, booking_id: str, clicked_at: float) -> None:
        if not self.follows:
            await self._come_to_end(story, booking_id, clicked_at, self.client.settled)
            return
        async with following(self.client, booking_id) as follower:

            async def settled(_: str, *, seconds_max: float) -> str | None:
                return await follower.settled(seconds_max=seconds_max)

            await self._come_to_end(story, booking_id, clicked_at, settled)
            await self._stay(story, booking_id, follower)

    async def _stay(self, story: Story, booking_id: str, follower: Follower) -> None:
        """Look on where there is an end to be seen."""
        seen = await self.client.read(booking_id)
        if story.hall is FLEETING or seen.body.get("status") in FINAL:
            await follower.over(seconds_max=STAY_SECONDS_MAX)

    async def _come_to_end(
        self, story: Story, booking_id: str, clicked_at: float, settled: Settled
    ) -> None:
        client, patience = self.client, story.patience_seconds
        if story.ending is Ending.CANCEL_AT_ONCE:
            await client.cancel(booking_id, patience_seconds=patience)
            await client.read(booking_id)
            return
        status = await settled(booking_id, seconds_max=HOLD_SECONDS_MAX)
        if status != "pending_payment" or story.ending is Ending.GIVE_UP:
            return
        if story.ending in _CANCELLING:
            await self._cancel(story, booking_id)
        else:
            await self._pay(story, booking_id, clicked_at)
        await client.read(booking_id)

    async def _cancel(self, story: Story, booking_id: str) -> None:
        cancel = self.client.cancel(booking_id, patience_seconds=story.patience_seconds)
        if story.ending is Ending.CANCEL_TWICE:
            again = self.client.cancel(booking_id, patience_seconds=story.patience_seconds)
            await asyncio.gather(cancel, again)
        elif story.ending is Ending.CANCEL_AND_PAY:
            await asyncio.gather(cancel, self._charge(story, booking_id, "good"))
        else:
            await cancel

    async def _pay(self, story: Story, booking_id: str, clicked_at: float) -> None:
        match story.ending:
            case Ending.PAY_TWICE:
                await asyncio.gather(
                    self._charge(story, booking_id, "good"),
                    self._charge(story, booking_id, "good"),
                )
            case Ending.PAY_AGAIN:
                await self._charge(story, booking_id, "good")
                await self._charge(story, booking_id, "good")
            case Ending.DECLINED_THEN_PAY:
                await self._charge(story, booking_id, "declined")
                await self._charge(story, booking_id, "good")
            case Ending.PAY_LATE:
                late_at = clicked_at + FLEETING.hold_seconds + 1.5
                await asyncio.sleep(max(0.0, late_at - time.monotonic()))
                await self._charge(story, booking_id, "good")
            case _:
                await self._charge(story, booking_id, _CARD_OF.get(story.ending, "good"))

    async def _charge(self, story: Story, booking_id: str, card: str) -> None:
        """Pay, and once more if that had no answer and this buyer is one who retries."""
        key = f"pay-{booking_id}-{card}" if story.has_pay_key else None
        for _ in range(2 if story.retries else 1):
            paid = await self.client.pay(
                booking_id, CARDS[card], card=card, key=key, patience_seconds=PAY_SECONDS_MAX
            )
            if not paid.is_unknown:
                return
            await asyncio.sleep(RETRY_PAUSE_SECONDS)


_CARD_OF = {
    Ending.DECLINED: "declined",
    Ending.SLOW_CARD: "slow",
    Ending.UNANSWERED_CARD: "unanswered",
    Ending.UNREACHED_CARD: "unreached",
    Ending.DOUBLED_CARD: "doubled",
    Ending.LAPSED_CARD: "lapsed",
}
_CANCELLING = {Ending.CANCEL, Ending.CANCEL_TWICE, Ending.CANCEL_AND_PAY}


async def open_events(seller: Client, round_number: int) -> dict[str, int]:
    """The events of a round, on sale; by the names of their halls.

    Raises:
        RuntimeError: one does not open.
    """
    opened: dict[str, int] = {}
    for hall in (LASTING, FLEETING, CALLED_OFF, PULSE, SMALL):
        made = await seller.send("set up", "POST", "/api/event", json=_event(hall, round_number))
        if "id" not in made.body:
            raise RuntimeError(f"the event {hall.name} was not made: {made.status} {made.body}")
        opened[hall.name] = int(made.body["id"])
    for name, event_id in opened.items():
        deadline = time.monotonic() + HOLD_SECONDS_MAX
        while True:
            event = await seller.send("set up", "GET", f"/api/event/{event_id}")
            if event.body.get("status") == "available":
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"the event {name} does not open: {event.body}")
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
    return opened


def _event(hall: Hall, round_number: int) -> JsonObject:
    subsections = [
        {"number": number, "rows": hall.rows, "seats_per_row": hall.seats_per_row}
        for number in range(1, hall.subsection_count + 1)
    ]
    sections = [
        {"name": name, "price": price, "subsections": subsections}
        for name, price in hall.prices.items()
    ]
    return {
        "name": f"Round {round_number}, {hall.name}",
        "description": "An evening.",
        "venue_name": "Hall",
        "seating_config": {"sections": sections},
        "hold_seconds": hall.hold_seconds,
        "max_tickets_per_booking": 4,
    }
