"""Two of each role, three brokers: one of everything killed, everything rolled, and people buy."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drills.fleet import Fleet, FleetShape, Say, fleet_in
from drills.judged import Judged, judge_sale
from drills.sale import People, Sale, people_at, sale_among
from storm.listener import Listener
from storm.receiver import Receiver
from tests.support.kafka_cluster import is_in_sync

IN_SYNC_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.2


class NotInSyncError(Exception):
    """A broker that came back does not catch up."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done, when, and how long it took until it was got over."""

    name: str
    began_at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Rolled:
    """What came of it."""

    steps: Sequence[Step]
    judged: Judged
    seconds: float


async def roll(
    root: Path,
    shape: FleetShape,
    *,
    bookings: int,
    between: int,
    per_second: float,
    seed: int,
    say: Say,
) -> Rolled:
    """Sell at least so many bookings; meanwhile kill one of everything and roll everything.

    ``between`` are sold in peace before the first fault and after each, so that one is got over
    before the next.
    """
    began = time.monotonic()
    async with fleet_in(root, shape) as fleet:
        say(f"starting {len(fleet.names)} processes and {shape.broker_count} brokers")
        await fleet.start_stores()
        await fleet.onsale("db", "upgrade")
        await fleet.start_roles()
        steps: list[Step] = []
        async with people_at(fleet, root / "history.jsonl") as people, Receiver() as receiver:
            # It is always well: what fails is the worker that delivers to it.
            listener = Listener(receiver, people.history, random.Random(seed))
            await listener.register(people.seller)
            async with sale_among(
                people, wanted=bookings, per_second=per_second, seed=seed
            ) as sale:
                await sale.sells(between)
                log = _Log(people, sale, between, steps, say)
                for name in victims(fleet):
                    await log.step(f"kill -9 {name}", partial(_killed, fleet, name))
                for name in [*reversed(fleet.names), *fleet.broker_names]:
                    await log.step(f"replace {name}", partial(_replaced, fleet, name))
                say("everything was killed and rolled; selling the rest")
                sale.let_end()
            say("coming to rest, and judging")
            judged = await judge_sale(
                fleet, people.history, people.clients, [people.event_id], listener
            )
    return Rolled(steps, judged, time.monotonic() - began)


def victims(fleet: Fleet) -> list[str]:
    """One of everything, but for the API: each of those."""
    workers = [name for name in fleet.names if name.endswith("-1") and not name.startswith("api")]
    return [*fleet.api_ports(), *workers, *fleet.broker_names[1:2], "redis", "postgres"]


@dataclass(frozen=True, slots=True)
class _Log:
    people: People
    sale: Sale
    between: int
    steps: list[Step]
    say: Say

    async def step(self, name: str, do: Callable[[], Awaitable[None]]) -> None:
        """Do it, note how long it took, and sell in peace before the next."""
        history = self.people.history
        self.say(f"{self.sale.crowd.accepted:,} bookings; {name}")
        began_at = history.now()
        history.note("fault", victim=name)
        await do()
        self.steps.append(Step(name, began_at, history.now() - began_at))
        await self.sale.sells(self.between)


async def _killed(fleet: Fleet, name: str) -> None:
    fleet.kept(name).kill()
    await fleet.kept(name).until_ready()
    await _in_sync(fleet)


async def _replaced(fleet: Fleet, name: str) -> None:
    if name in fleet.broker_names:
        await fleet.kept(name).restart()
        await _in_sync(fleet)
    else:
        await fleet.kept(name).replace(fleet.role_process(name))


async def _in_sync(fleet: Fleet) -> None:
    """Return once every partition has all of its copies: the next broker may go."""
    if fleet.bootstrap is None:
        return
    deadline = time.monotonic() + IN_SYNC_SECONDS_MAX
    while not await asyncio.to_thread(is_in_sync, fleet.bootstrap):
        if time.monotonic() > deadline:
            raise NotInSyncError(f"not in sync after {IN_SYNC_SECONDS_MAX:.0f} s")
        await asyncio.sleep(_POLL_SECONDS)
