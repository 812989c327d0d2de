"""One round: an on-sale, faults meanwhile, then rest, then judgement."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from storm.buyers import Buyer, open_events
from storm.checker.check import check
from storm.checker.violation import Violation
from storm.clients import Client, connections, join
from storm.faults import Faults, Strike
from storm.final_state import FinalState
from storm.history import History
from storm.plan import Fault, fault_plan, stories
from storm.probes import Probes
from storm.pulse import Pulse
from storm.stores import Stores
from storm.system import System

BUYER_COUNT = 28
# After the last fault, so that what it broke is met by buyers too.
AFTERMATH_SECONDS = 3.0
BUYING_SECONDS_MAX = 150.0
# A buyer who has begun a story tells it to its end, if that comes soon.
LAST_STORY_SECONDS_MAX = 40.0
READY_SECONDS_MAX = 90.0
FINAL_READS_AT_ONCE = 16
FINAL_READ_SECONDS_MAX = 60.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round has shown; ``seconds`` is from the first purchase to the verdict."""

    number: int
    seconds: float
    rest_seconds: float
    request_count: int
    unanswered_count: int
    accepted_count: int
    answers: Counter[str]
    statuses: Counter[str]
    strikes: Sequence[Strike]
    skipped: Sequence[Fault]
    violations: Sequence[Violation]


@dataclass(slots=True)
class StormRound:
    """``say`` is told, a few times a second, what is going on."""

    system: System
    seed: int
    number: int
    history_path: Path
    booking_count_min: int
    say: Callable[[str], None]

    async def run(self) -> RoundResult:
        """Live through the round and judge it.

        Raises:
            SystemBrokenError: the command itself has ended.
            RuntimeError: the round could not be set up, or the system does not become ready again.
        """
        async with AsyncExitStack() as stack:
            history = stack.enter_context(History(self.history_path))
            http = await stack.enter_async_context(connections(self.system.base_url))
            self.say("setting up")
            began = time.monotonic()
            faults, pulse, buyers = await self._storm(http, history)
            self.say("coming to rest")
            await self._ready(http)
            event_ids = sorted(pulse[1])
            stores = self._stores()
            rest_seconds, unfinished = await stores.rest(event_ids)
            await self._read_all(history, buyers)
            self.say("judging")
            verified = await asyncio.to_thread(self.system.verify)
            state = await stores.read(event_ids, unfinished, verified)
            for strike in faults.strikes:
                strike.recovered_at = pulse[0].recovered_at(strike)
            violations = check(history.operations, state)
            for violation in violations:
                history.note("violation", sentence=violation.sentence, verdict=violation.verdict)
            return self._result(
                history, state, faults, violations, time.monotonic() - began, rest_seconds
            )

    async def _storm(
        self, http: httpx.AsyncClient, history: History
    ) -> tuple[Faults, tuple[Pulse, Sequence[int]], dict[str, Client]]:
        seller = await join(http, history, "seller", "seller")
        names = [f"buyer {number}" for number in range(1, BUYER_COUNT + 1)]
        clients = [await join(http, history, name, "buyer") for name in [*names, "pulse"]]
        pulse_client = clients.pop()
        events = await open_events(seller, self.number)
        pulse = Pulse(pulse_client, events["pulse"])
        probes = Probes(
            history,
            Client("anonymous", http, history),
            await join(http, history, "other buyer", "buyer"),
            await join(http, history, "other seller", "seller"),
            sorted(events.values()),
            random.Random(f"probes:{self.seed}:{self.number}"),
        )
        faults = Faults(self.system, history)
        over = asyncio.Event()
        buying = [
            asyncio.create_task(
                Buyer(client, events, self.number).run(
                    stories(self.seed, self.number, number), over
                )
            )
            for number, client in enumerate(clients, 1)
        ]
        buying += [asyncio.create_task(probes.run(over)), asyncio.create_task(pulse.run(over))]
        try:
            await self._weather(faults, history)
        finally:
            over.set()
            await _finish(buying)
        return faults, (pulse, sorted(events.values())), {c.name: c for c in [*clients, pulse_client]}

    async def _weather(self, faults: Faults, history: History) -> None:
        """All faults, and on until enough was booked; bounded in time."""
        plan = fault_plan(self.seed, self.number, self.system.shape.victims())
        deadline = time.monotonic() + BUYING_SECONDS_MAX
        striking = asyncio.create_task(faults.run([_later(fault, history.now()) for fault in plan]))
        try:
            while time.monotonic() < deadline:
                self.system.require_running()
                accepted = sum(1 for each in history.operations if each.accepted_id)
                struck = faults.strikes[-1].fault if faults.strikes else None
                self.say(
                    f"{accepted} bookings, {len(faults.strikes)} faults"
                    + (f", last: {struck.kind} {struck.victim}" if struck else "")
                )
                if striking.done() and accepted >= self.booking_count_min:
                    break
                await asyncio.sleep(_POLL_SECONDS)
            await asyncio.sleep(AFTERMATH_SECONDS)
        finally:
            striking.cancel()
            await asyncio.wait({striking})
        if not striking.cancelled():
            striking.result()

    async def _ready(self, http: httpx.AsyncClient) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                if (await http.get("/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                self.system.require_running()
            await asyncio.sleep(_POLL_SECONDS)
        raise RuntimeError(f"the system is not ready {READY_SECONDS_MAX:.0f} s after the last fault")

    def _stores(self) -> Stores:
        settings = self.system.settings
        return Stores(settings["ONSALE_DATABASE_URL"], settings["ONSALE_SEAT_STORE_URL"])

    async def _read_all(self, history: History, clients: dict[str, Client]) -> None:
        """Every accepted booking is read once more by its buyer."""
        owners = {each.accepted_id: each.client for each in history.operations if each.accepted_id}
        gate = asyncio.Semaphore(FINAL_READS_AT_ONCE)

        async def read(booking_id: str, name: str) -> None:
            async with gate:
                await clients[name].send(
                    "final read",
                    "GET",
                    f"/api/booking/{booking_id}",
                    patience_seconds=FINAL_READ_SECONDS_MAX,
                    booking_id=booking_id,
                )

        async with asyncio.TaskGroup() as reads:
            for booking_id, name in owners.items():
                if booking_id is not None:
                    reads.create_task(read(booking_id, name))

    def _result(
        self,
        history: History,
        state: FinalState,
        faults: Faults,
        violations: Sequence[Violation],
        seconds: float,
        rest_seconds: float,
    ) -> RoundResult:
        operations = history.operations
        return RoundResult(
            number=self.number,
            seconds=seconds,
            rest_seconds=rest_seconds,
            request_count=len(operations),
            unanswered_count=sum(1 for each in operations if each.status is None),
            accepted_count=len({each.accepted_id for each in operations} - {None}),
            answers=Counter(f"{each.kind} {each.status} {each.code}".strip() for each in operations),
            statuses=Counter(row.status for row in state.bookings),
            strikes=faults.strikes,
            skipped=faults.skipped,
            violations=violations,
        )


def _later(fault: Fault, seconds: float) -> Fault:
    return Fault(fault.at_seconds + seconds, fault.kind, fault.victim, fault.pause_seconds)


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let stories end; whoever takes too long is sent home. An error of a buyer travels."""
    await asyncio.wait(tasks, timeout=LAST_STORY_SECONDS_MAX)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
