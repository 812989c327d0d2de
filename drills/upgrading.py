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
                await log.phase("old code on the old schema", bookings)
                await fleet.onsale("db", "upgrade")
                await log.phase("old code", bookings)
                for phase, names in _turns(fleet).items():
                    for name in names:
                        await fleet.kept(name).replace(fleet.role_process(name))
                        log.code[name] = "new"
                    await log.phase(phase, bookings)
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


def _turns(fleet: Fleet) -> Mapping[str, Sequence[str]]:
    """Which processes are replaced before each phase: workers first, as docs/upgrade.md says."""
    apis = list(fleet.api_ports())
    workers = [name for name in fleet.names if name not in apis]
    first = [name for name in workers if name.endswith("-1")]
    return {
        "workers of both": first,
        "both": [*(name for name in workers if name not in first), *apis[:1]],
        "new code": apis[1:],
    }
