"""The seller's own system, which webhooks tell what becomes of the sales: it has its bad days."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from storm.clients import Client
from storm.final_state import Told
from storm.history import History
from storm.receiver import WELL, Answer, Post, Receiver

MOOD_SECONDS = (0.5, 3.0)
SLOW_SECONDS = 1.0
_CREATED = 201


class Mood(StrEnum):
    """How it is; ``FORGETFUL`` takes a delivery in and cuts the connection, so it comes again."""

    WELL = "well"
    SLOW = "slow"
    FAILING = "failing"
    FORGETFUL = "forgetful"
    AWAY = "away"


_WEIGHTS = {Mood.WELL: 5, Mood.SLOW: 2, Mood.FAILING: 2, Mood.FORGETFUL: 2, Mood.AWAY: 2}


@dataclass(slots=True)
class Listener:
    """Listens once it is registered; its moods come while the round lasts."""

    receiver: Receiver
    history: History
    rng: random.Random
    _mood: Mood = Mood.WELL
    _secret: str = ""

    async def register(self, seller: Client) -> None:
        """Have the seller told at this address.

        Raises:
            RuntimeError: the system does not take it.
        """
        self.receiver.answer = self._answer
        asked = await seller.send(
            "register webhook", "POST", "/api/webhook", json={"url": self.receiver.url()}
        )
        if asked.status != _CREATED:
            raise RuntimeError(f"no webhook could be registered: {asked.status} {asked.body}")
        self._secret = asked.body["secret"]

    async def run(self, over: asyncio.Event) -> None:
        """Have one mood after the other until the round is over, and be well from then on."""
        try:
            while not over.is_set():
                await self._become(self.rng.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0])
                await asyncio.sleep(self.rng.uniform(*MOOD_SECONDS))
        finally:
            await self._become(Mood.WELL)

    def told(self) -> Sequence[Told]:
        """What it was told, in the order in which it came."""
        return [self._read(post) for post in self.receiver.posts]

    async def _become(self, mood: Mood) -> None:
        before, self._mood = self._mood, mood
        self.history.note("receiver", mood=mood)
        if mood is Mood.AWAY and before is not Mood.AWAY:
            await self.receiver.close()
        elif before is Mood.AWAY and mood is not Mood.AWAY:
            await self.receiver.open()

    def _answer(self, post: Post) -> Answer:
        self.history.note(
            "told", message=post.headers.get("webhook-id"), mood=self._mood, body=post.body.decode()
        )
        match self._mood:
            case Mood.SLOW:
                return Answer(200, wait_seconds=SLOW_SECONDS)
            case Mood.FAILING:
                return Answer(500)
            case Mood.FORGETFUL:
                return Answer(None)
            case _:
                return WELL

    def _read(self, post: Post) -> Told:
        body = json.loads(post.body)
        return Told(
            message_id=post.headers["webhook-id"],
            type=body["type"],
            data=body["data"],
            is_signed=post.is_signed_with(self._secret),
        )
