"""One round: an on-sale, faults meanwhile, then rest, then judgement."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from storm.buyers import Buyer, open_events
from storm.checker.check import judge
from storm.checker.evidence import Evidence
from storm.checker.timely import longest_waits
from storm.checker.violation import Violation
from storm.clients import Client, connections, join
from storm.collector import Collector
from storm.doors import Doors
from storm.faults import Faults, Strike
from storm.final_reads import read_all
from storm.final_state import FinalState
from storm.followers import viewing
from storm.history import OK, History
from storm.listener import Listener
from storm.outages import outages
from storm.plan import Fault, fault_plan, follows, stories
from storm.probes import Probes
from storm.pulse import Pulse
from storm.receiver import Receiver
from storm.seller import Seller
from storm.stores import Stores
from storm.system import System, unused_port
from storm.worth import bookings_due, shortcomings

BUYER_COUNT = 28
# After the last fault, so that what it broke is met by buyers too, and that they are seen to be
# served in time once nothing excuses lateness any more.
AFTERMATH_SECONDS = 12.0
# Also past the time for buying: no fault is left without having had its time to be got over.
RECOVERY_SECONDS_MAX = 90.0
LAST_STORY_SECONDS_MAX = 25.0
# A broker that misses its own sixty seconds on a busy machine is started once more.
READY_SECONDS_MAX = 240.0
# Counts lag at most a second behind the seats.
VIEW_LAG_SECONDS_MAX = 2.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round has shown; ``seconds`` is from the first account to the verdict, ``told`` how
    often each message came to the seller's webhook.
    """

    number: int
    seconds: float
    rest_seconds: float
    request_count: int
    unanswered_count: int
    accepted_count: int
    answers: Counter[str]
    statuses: Counter[str]
    told: Counter[str]
    strikes: Sequence[Strike]
    skipped: Sequence[Fault]
    waits: Mapping[str, float]
    violations: Sequence[Violation]


@dataclass(slots=True)
class _Scene:
    """Who and what takes part in a round."""

    http: httpx.AsyncClient
    history: History
    clients: Mapping[str, Client]
    event_ids: Mapping[str, int]
    pulse: Pulse
    collector: Collector
    seller: Seller
    doors: Doors
    listener: Listener
    fickle_listener: Listener
    probes: Probes
    faults: Faults


@dataclass(slots=True)
class StormRound:
    """``say`` is told, a few times a second, what is going on."""

    system: System
    seed: int
    number: int
    history_path: Path
    booking_count_min: int
    fault_count: int
    buying_seconds_max: float
    say: Callable[[str], None]

    async def run(self) -> RoundResult:
        """Live through the round and judge it.

        Raises:
            SystemBrokenError: the command itself has ended.
            RuntimeError: the round could not be set up, or the system does not become ready again.
        """
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            history = stack.enter_context(History(self.history_path))
            http = await stack.enter_async_context(connections(self.system.base_url))
            self.say("setting up")
            receivers = [
                await stack.enter_async_context(Receiver(port=unused_port())) for _ in range(2)
            ]
            scene = await self._set_up(http, history, *receivers)
            viewer = Client("viewer", http, history)
            async with viewing(viewer, scene.event_ids.values()):
                await self._storm(scene)
                self.say("coming to rest")
                await self._ready(http)
                rest_seconds, unfinished = await self._rest(scene)
                # Until the last change has reached those who look on.
                await asyncio.sleep(VIEW_LAG_SECONDS_MAX)
            state = await self._final_state(scene, unfinished)
            for strike in scene.faults.strikes:
                strike.recovered_at = scene.pulse.recovered_at(strike)
            evidence = Evidence(
                history.operations, state, history.began_at, outages(scene.faults.strikes)
            )
            violations = self._judge(evidence, scene.faults.strikes)
            for violation in violations:
                history.note("violation", sentence=violation.sentence, verdict=violation.verdict)
            operations = history.operations
            return RoundResult(
                number=self.number,
                seconds=time.monotonic() - began,
                rest_seconds=rest_seconds,
                request_count=len(operations),
                unanswered_count=sum(1 for each in operations if each.status is None),
                accepted_count=len(evidence.promised),
                answers=Counter(f"{each.kind} {each.status} {each.code}" for each in operations),
                statuses=Counter(row.status for row in state.bookings),
                told=Counter(each.message_id for each in state.told or ()),
                strikes=scene.faults.strikes,
                skipped=scene.faults.skipped,
                waits=longest_waits(evidence),
                violations=violations,
            )

    def _judge(self, evidence: Evidence, strikes: Sequence[Strike]) -> list[Violation]:
        accepted_count = len(evidence.promised)
        due_count = bookings_due(self.booking_count_min, self.buying_seconds_max)
        statuses = Counter(row.status for row in evidence.state.bookings)
        let_in_count = sum(scan.status == OK for scan in evidence.of_kind("scan"))
        return [
            *judge(evidence),
            *shortcomings(accepted_count, due_count, statuses, strikes, let_in_count=let_in_count),
        ]

    async def _set_up(
        self, http: httpx.AsyncClient, history: History, receiver: Receiver, fickle: Receiver
    ) -> _Scene:
        seller = await join(http, history, "seller", "seller")
        listener = Listener(receiver, history, random.Random(f"receiver:{self.seed}:{self.number}"))
        await listener.register(seller)
        rng = random.Random(f"fickle:{self.seed}:{self.number}")
        fickle_listener = Listener(fickle, history, rng, is_fickle=True)
        await fickle_listener.register(seller)
        names = [*(f"buyer {number}" for number in range(1, BUYER_COUNT + 1)), "pulse", "collector"]
        joined = await asyncio.gather(*(join(http, history, name, "buyer") for name in names))
        clients = dict(zip(names, joined, strict=True))
        event_ids = await open_events(seller, self.number)
        probes = Probes(
            history,
            Client("anonymous", http, history),
            await join(http, history, "other buyer", "buyer"),
            await join(http, history, "other seller", "seller"),
            sorted(event_ids.values()),
            random.Random(f"probes:{self.seed}:{self.number}"),
        )
        pulse = Pulse(clients["pulse"], event_ids["pulse"])
        collector = Collector(
            clients["collector"],
            event_ids["small"],
            self.number,
            random.Random(f"collector:{self.seed}:{self.number}"),
        )
        faults = Faults(self.system, history, pulse.recovered_at)
        selling = Seller(seller, event_ids, random.Random(f"seller:{self.seed}:{self.number}"))
        doors = Doors(
            replace(seller, name="door 1"),
            replace(seller, name="door 2"),
            history,
            sorted(event_ids.values()),
            random.Random(f"doors:{self.seed}:{self.number}"),
        )
        return _Scene(
            *(http, history, clients, event_ids, pulse, collector, selling, doors),
            *(listener, fickle_listener, probes, faults),
        )

    async def _storm(self, scene: _Scene) -> None:
        """Buyers, pulse, probes and faults, all at once."""
        over = asyncio.Event()
        buyers = [
            Buyer(
                scene.clients[f"buyer {number}"],
                scene.event_ids,
                self.number,
                follows(self.seed, self.number, number),
            ).run(stories(self.seed, self.number, number), over)
            for number in range(1, BUYER_COUNT + 1)
        ]
        visiting = [
            asyncio.create_task(visit)
            for visit in (
                *buyers,
                scene.seller.run(over),
                scene.doors.run(over),
                scene.listener.run(over),
                scene.fickle_listener.run(over),
                scene.probes.run(over),
                scene.pulse.run(over),
                scene.collector.run(over),
            )
        ]
        try:
            await self._weather(scene)
            over.set()
            # Stories that have begun are told to their end, unless that takes too long.
            await asyncio.wait(visiting, timeout=LAST_STORY_SECONDS_MAX)
        finally:
            for visit in visiting:
                visit.cancel()
            await asyncio.wait(visiting)
        for visit in visiting:
            # An error of a visitor is one of the storm, and travels.
            if not visit.cancelled():
                visit.result()

    async def _weather(self, scene: _Scene) -> None:
        """All faults, and on until enough was booked; what has not come in time does not come."""
        victims = self.system.shape.victims()
        plan = fault_plan(self.seed, self.number, victims, self.fault_count)
        deadline = time.monotonic() + self.buying_seconds_max
        striking = asyncio.create_task(scene.faults.run(plan))
        try:
            while time.monotonic() < deadline:
                self.system.require_running()
                accepted = sum(1 for each in scene.history.operations if each.accepted_id)
                self.say(_progress(accepted, scene.faults.strikes))
                if striking.done() and accepted >= self.booking_count_min and _sells(scene):
                    break
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            striking.cancel()
            await asyncio.wait({striking})
        if not striking.cancelled():
            striking.result()
        while not _sells(scene):
            self.system.require_running()
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(AFTERMATH_SECONDS)

    async def _ready(self, http: httpx.AsyncClient) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        seen = "nothing"
        while time.monotonic() < deadline:
            try:
                answer = await http.get("/readyz")
                if answer.status_code == httpx.codes.OK:
                    return
                seen = answer.text
            except httpx.TransportError as error:
                seen = f"{type(error).__name__}: {error}"
                self.system.require_running()
            await asyncio.sleep(_POLL_SECONDS)
        raise RuntimeError(f"not ready {READY_SECONDS_MAX:.0f} s after the last fault: {seen}")

    async def _rest(self, scene: _Scene) -> tuple[float, list[str]]:
        """Wait until nothing is under way."""
        return await self._stores().rest(sorted(scene.event_ids.values()))

    async def _final_state(self, scene: _Scene, unfinished: Sequence[str]) -> FinalState:
        """Have every buyer look once more, and read the stores."""
        self.say("judging")
        await read_all(scene.history.operations, scene.clients)
        verified = await asyncio.to_thread(self.system.verify)
        event_ids = sorted(scene.event_ids.values())
        state = await self._stores().read(event_ids, unfinished, verified)
        return replace(state, told=scene.listener.told(), also_told=scene.fickle_listener.told())

    def _stores(self) -> Stores:
        settings = self.system.settings
        return Stores(settings["ONSALE_DATABASE_URL"], settings["ONSALE_SEAT_STORE_URL"])


def _sells(scene: _Scene) -> bool:
    """Whether the system has recovered from its last fault, or has had time enough to."""
    strikes = scene.faults.strikes
    if not strikes:
        return True
    last_over_at = max(strike.over_at for strike in strikes)
    is_late = scene.history.now() > last_over_at + RECOVERY_SECONDS_MAX
    return is_late or all(scene.pulse.recovered_at(strike) is not None for strike in strikes)


def _progress(accepted: int, strikes: Sequence[Strike]) -> str:
    last = f", last: {strikes[-1].fault.kind} {strikes[-1].fault.victim}" if strikes else ""
    return f"{accepted} bookings, {len(strikes)} faults{last}"
