"""A sale that lasts as long as a drill wants, and whoever takes part in it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from drills.balanced import Balanced
from drills.crowd import Crowd, open_hall
from drills.fleet import Fleet
from storm.clients import Client, join
from storm.history import History

BUYER_COUNT = 24
PROGRESS_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.05


class NothingIsSoldError(Exception):
    """For too long no further booking got its seats."""


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part: buyers with sessions, an event on sale, and what they saw of it all."""

    proxy: Balanced
    http: httpx.AsyncClient
    history: History
    clients: Mapping[str, Client]
    seller: Client
    event_id: int

    async def join(self, name: str) -> Client:
        """One more buyer."""
        return await join(self.http, self.history, name, "buyer")


@dataclass(slots=True)
class Sale:
    """``wanted`` is how many bookings are to be accepted at least; it goes on until ``let_end``."""

    crowd: Crowd
    wanted: int
    _may_end: bool = False

    def let_end(self) -> None:
        """The drill is done: the sale ends once enough was sold."""
        self._may_end = True

    def goes_on(self) -> bool:
        """Whether another purchase is to begin."""
        return not self._may_end or self.crowd.accepted < self.wanted

    async def sells(self, count: int = 1) -> None:
        """Return once so many more bookings were accepted, and as many got their seats.

        Raises:
            NothingIsSoldError: that takes too long.
        """
        accepted, held = self.crowd.accepted + count, self.crowd.held + count
        deadline = time.monotonic() + PROGRESS_SECONDS_MAX
        seen = (self.crowd.accepted, self.crowd.held)
        while self.crowd.accepted < accepted or self.crowd.held < held:
            if seen != (self.crowd.accepted, self.crowd.held):
                seen = (self.crowd.accepted, self.crowd.held)
                deadline = time.monotonic() + PROGRESS_SECONDS_MAX
            if time.monotonic() > deadline:
                raise NothingIsSoldError(
                    f"{seen[0]} accepted and {seen[1]} held, and no more within"
                    f" {PROGRESS_SECONDS_MAX:.0f} s"
                )
            await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def people_at(fleet: Fleet, path: Path) -> AsyncIterator[People]:
    """Buyers and an event on sale, through every API of the fleet; the history goes to ``path``."""
    async with AsyncExitStack() as stack:
        proxy = Balanced(list(fleet.api_ports().values()))
        history = stack.enter_context(History(path))
        http = await stack.enter_async_context(proxy.connections())
        seller = await join(http, history, "seller", "seller")
        names = [f"buyer {number}" for number in range(1, BUYER_COUNT + 1)]
        buyers = await asyncio.gather(*(join(http, history, name, "buyer") for name in names))
        event_id = await open_hall(seller, "A drill")
        clients = dict(zip(names, buyers, strict=True))
        yield People(proxy, http, history, clients, seller, event_id)


@asynccontextmanager
async def sale_among(
    people: People, *, wanted: int = 0, per_second: float, seed: int, label: str = "sale"
) -> AsyncIterator[Sale]:
    """They buy within the block; leaving it in order waits for the last purchase."""
    crowd = Crowd(
        list(people.clients.values()),
        people.event_id,
        per_second,
        random.Random(seed),
        label,
    )
    sale = Sale(crowd, wanted)
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.run(sale.goes_on))
        yield sale
