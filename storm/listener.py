"""The seller's own system, which webhooks tell what becomes of the sales: it has its bad days."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from storm.clients import Client
from storm.final_state import Told
from storm.history import OK, History
from storm.receiver import WELL, Answer, Post, Receiver

MOOD_SECONDS = (0.5, 3.0)
SLOW_SECONDS = 1.0
# Of the seller, after each mood.
ROTATE_PROBABILITY = 0.15
RESEND_PROBABILITY = 0.4
OFF_PROBABILITY = 0.2
_CREATED = 201


class Mood(StrEnum):
    """How it is; ``FORGETFUL`` takes a delivery in and cuts the connection, so it comes again."""

    WELL = "well"
    SLOW = "slow"
    FAILING = "failing"
    FORGETFUL = "forgetful"
    AWAY = "away"
    GONE = "gone"


_WEIGHTS = {Mood.WELL: 5, Mood.SLOW: 2, Mood.FAILING: 2, Mood.FORGETFUL: 2, Mood.AWAY: 2}
_FICKLE_WEIGHTS = {Mood.WELL: 4, Mood.SLOW: 1, Mood.FORGETFUL: 1, Mood.GONE: 3}


@dataclass(slots=True)
class Listener:
    """Listens once it is registered; its moods come while the round lasts, and its seller rotates
    its secret and has things sent again. One that is fickle says now and then that it wants nothing
    any more, and is put in use again, or is disabled for a moment by its seller.
    """

    receiver: Receiver
    history: History
    rng: random.Random
    is_fickle: bool = False
    _seller: Client | None = None
    _path: str = ""
    _mood: Mood = Mood.WELL
    _secrets: list[str] = field(default_factory=list)
    _is_secret_lost: bool = False

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
        self._seller, self._path = seller, f"/api/webhook/{asked.body['id']}"
        self._secrets.append(asked.body["secret"])

    async def run(self, over: asyncio.Event) -> None:
        """Have one mood after the other until the round is over, and be well from then on."""
        assert self._seller is not None
        weights = _FICKLE_WEIGHTS if self.is_fickle else _WEIGHTS
        try:
            while not over.is_set():
                await self._become(self.rng.choices([*weights], [*weights.values()])[0])
                await asyncio.sleep(self.rng.uniform(*MOOD_SECONDS))
                await self._manage(self._seller)
        finally:
            await self._become(Mood.WELL)

    async def _manage(self, seller: Client) -> None:
        if self.is_fickle:
            for is_active in (False, True) if self.rng.random() < OFF_PROBABILITY else (True,):
                body = {"is_active": is_active}
                await seller.send("switch webhook", "PATCH", self._path, json=body)
        if self.rng.random() < ROTATE_PROBABILITY and not self._is_secret_lost:
            asked = await seller.send("rotate secret", "POST", f"{self._path}/secret")
            if asked.status == OK:
                self._secrets.append(asked.body["secret"])
            else:
                # Whatever became of it, the one before is good for a day; after another it is not.
                self._is_secret_lost = True
        if self.rng.random() < RESEND_PROBABILITY:
            await self._resend(seller)

    async def _resend(self, seller: Client) -> None:
        log = f"{self._path}/deliveries"
        asked = await seller.send("read webhook log", "GET", f"{log}?limit=20&status=delivered")
        if asked.status == OK and asked.body["items"]:
            delivery = self.rng.choice(asked.body["items"])
            await seller.send("send again", "POST", f"{log}/{delivery['id']}/resend")

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
            case Mood.GONE:
                return Answer(410)
            case _:
                return WELL

    def _read(self, post: Post) -> Told:
        body = json.loads(post.body)
        return Told(
            message_id=post.headers["webhook-id"],
            type=body["type"],
            timestamp=body["timestamp"],
            data=body["data"],
            is_signed=any(post.is_signed_with(secret) for secret in self._secrets),
        )
