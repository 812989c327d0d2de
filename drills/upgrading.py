"""Old and new code at once, on one database that was migrated while the old code sold."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drills.fleet import PROJECT, Fleet, FleetShape, Say, fleet_in
from drills.judged import Judged, judge_sale
from drills.old_code import newest_schema, unpack
from drills.sale import People, Sale, people_at, sale_among

NEW_SOURCE = PROJECT / "src"


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of an upgrade: what ran, and how many bookings each kind of code accepted in it."""

    name: str
    seconds: float
    accepted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What came of it; the schemas are those that the old and the new code bring."""

    revision: str
    old_schema: str
    new_schema: str
    phases: Sequence[Phase]
    judged: Judged


async def upgrade(
    root: Path,
    shape: FleetShape,
    *,
    revision: str,
    bookings: int,
    per_second: float,
    seed: int,
    say: Say,
) -> Upgraded:
    """Go from the revision to this code without a stop; ``bookings`` at least in each phase.

    Raises:
        NoSuchRevisionError: the history here does not have it.
    """
    old = unpack(revision, root / "old")
    schemas = newest_schema(old), newest_schema(NEW_SOURCE)
    async with fleet_in(root, shape) as fleet:
        say(f"starting the code of {revision[:12]}, schema {schemas[0]}")
        await fleet.start_stores()
        await fleet.onsale("db", "upgrade", source=old)
        await fleet.start_roles(old)
        async with people_at(fleet, root / "history.jsonl") as people:
            async with sale_among(people, per_second=per_second, seed=seed) as sale:
                log = _Log(fleet, people, sale, say)
                await log.phase("old code, old schema", bookings)
                await fleet.onsale("db", "upgrade")
                await log.phase("old code, new schema", bookings)
                for number in range(1, shape.copy_count + 1):
                    await _replace(fleet, log, f"-{number}")
                    name = "both" if number < shape.copy_count else "new code"
                    await log.phase(f"{name}, new schema", bookings)
                sale.let_end()
            say("coming to rest, and judging with the new code")
            judged = await judge_sale(fleet, people.history, people.clients, [people.event_id])
    return Upgraded(revision, *schemas, log.phases, judged)


class _Log:
    """Who accepted how much in which phase; ``code`` says which one each process runs."""

    def __init__(self, fleet: Fleet, people: People, sale: Sale, say: Say) -> None:
        self.code = dict.fromkeys(fleet.names, "old")
        self.phases: list[Phase] = []
        self._api_ports = fleet.api_ports()
        self._accepted = people.proxy.accepted
        self._sale = sale
        self._say = say

    async def phase(self, name: str, bookings: int) -> None:
        """Sell so much like this."""
        began, before = time.monotonic(), self._accepted.copy()
        await self._sale.sells(bookings)
        more = self._accepted - before
        accepted: dict[str, int] = {}
        for process, port in self._api_ports.items():
            code = self.code[process]
            accepted[code] = accepted.get(code, 0) + more[port]
        self.phases.append(Phase(name, time.monotonic() - began, accepted))
        self._say(f"{name}: accepted by {accepted}")


async def _replace(fleet: Fleet, log: _Log, suffix: str) -> None:
    """The workers first: what new code asks for, only new workers know."""
    names = [name for name in fleet.names if name.endswith(suffix)]
    for name in sorted(names, key=lambda each: each.startswith("api")):
        await fleet.kept(name).replace(fleet.role_process(name))
        log.code[name] = "new"
