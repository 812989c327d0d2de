"""PostgreSQL is lost with all it had, and brought back to a point before the last sales."""

import asyncio
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import asyncpg

from drills.archive import Archive, recovered
from drills.fleet import DATABASE, PROJECT, Fleet, FleetShape, Say, fleet_in
from drills.gateway_books import GatewayBooks, Strays
from drills.judged import ALWAYS, VIEW_LAG_SECONDS
from drills.sale import People, people_at, sale_among
from storm.checker.check import judge
from storm.checker.evidence import Evidence
from storm.checker.violation import Violation
from storm.clients import Client
from storm.final_reads import read_all
from storm.final_state import LIVE, FinalState
from storm.history import Operation
from storm.stores import Stores

AFTER_RESTORE = PROJECT / "deploy" / "postgres" / "after-restore.sql"
UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Accepted:
    """Every booking that was promised until PostgreSQL was lost is in one of these: answered before
    the point, and there or not; answered after it, and there as its row is from before, or lost.
    """

    kept: Collection[str]
    gone: Collection[str]
    stored_before: Collection[str]
    lost: Collection[str]

    @property
    def total(self) -> int:
        """How many there are in all."""
        return sum(map(len, (self.kept, self.gone, self.stored_before, self.lost)))


@dataclass(frozen=True, slots=True)
class Restored:
    """``sold_again`` are seats that somebody was told are theirs, after the point, and that are
    another's now. ``faults`` are what should not be.
    """

    seconds: Mapping[str, float]
    accepted: Accepted
    strays: Strays
    sold_again: int
    verify_output: str
    faults: Sequence[str]
    violations: Sequence[Violation]


@dataclass(slots=True)
class _Drill:
    fleet: Fleet
    archive: Archive
    people: People
    say: Say
    seconds: dict[str, float] = field(default_factory=dict)

    def timed(self, name: str, began: float) -> None:
        self.seconds[name] = time.monotonic() - began
        self.say(f"{name}: {self.seconds[name]:.1f} s")


async def restore(
    root: Path, shape: FleetShape, *, bookings: int, per_second: float, seed: int, say: Say
) -> Restored:
    """Sell so many bookings before the backup, after it, after the point, and after the restore."""
    archive = Archive(root / "archive")
    async with fleet_in(root, shape) as fleet:
        say("starting")
        fleet.configure_postgres(archive.archiving())
        await asyncio.to_thread(fleet.postgres.prepare)
        archive.prepare()
        await fleet.start_stores()
        await fleet.onsale("db", "upgrade")
        await fleet.start_roles()
        async with people_at(fleet, root / "history.jsonl") as people:
            drill = _Drill(fleet, archive, people, say)
            async with sale_among(people, per_second=per_second, seed=seed) as sale:
                await sale.sells(bookings)
                began = time.monotonic()
                await archive.back_up(fleet.postgres)
                drill.timed("base backup, while sales go on", began)
                await sale.sells(bookings)
                point, point_at = await _point(drill)
                before = _accepted(people.history.operations, 0.0, point_at)
                say(f"this is the point, {len(before):,} bookings were accepted; sales go on")
                await sale.sells(bookings)
                late = await people.join("late buyer")
                sale.let_end()
            promised = sale.crowd.accepted
            say(f"{promised:,} bookings were accepted; PostgreSQL is destroyed")
            books = await _destroy(drill)
            restored_at = await _bring_back(drill, point, books)
            async with sale_among(
                people, wanted=bookings, per_second=per_second, seed=seed + 1, label="again"
            ) as again:
                await again.sells()
                say("bookings are accepted and held again")
                again.let_end()
            return await _judge(drill, point_at, restored_at, late, promised)


async def _point(drill: _Drill) -> tuple[datetime, float]:
    """Now, by PostgreSQL's clock and by that of the history; it is in the archive afterwards."""
    connection = await asyncpg.connect(drill.fleet.postgres.url(DATABASE))
    try:
        at = drill.people.history.now()
        point: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return point, at
    finally:
        await connection.close()


async def _destroy(drill: _Drill) -> GatewayBooks:
    """What is in the archive and with the gateway is all that is left of PostgreSQL."""
    fleet = drill.fleet
    connection = await asyncpg.connect(fleet.postgres.url(DATABASE))
    try:
        # Recovery wants to see something that is later than the point.
        await drill.archive.archive_up_to_now(connection)
        books = await GatewayBooks.read(connection)
    finally:
        await connection.close()
    fleet.kept("postgres").kill()
    await fleet.kept("postgres").stop()
    await asyncio.to_thread(shutil.rmtree, fleet.postgres.data)
    return books


async def _bring_back(drill: _Drill, point: datetime, books: GatewayBooks) -> float:
    """Everything in the order of docs/backup.md; returns when, by the history, all ran again."""
    fleet, began = drill.fleet, time.monotonic()
    await fleet.stop_roles()
    drill.timed("roles stopped", began)
    step = time.monotonic()
    await drill.archive.put_back(fleet.postgres, point)
    await fleet.kept("postgres").start(fleet.postgres.process())
    await recovered(fleet.postgres)
    drill.timed("PostgreSQL restored to the point", step)
    connection = await asyncpg.connect(fleet.postgres.url(DATABASE))
    try:
        # The gateway is somebody else's: its books were never lost, and never restored.
        await books.write(connection)
        await connection.execute(AFTER_RESTORE.read_text())
    finally:
        await connection.close()
    step = time.monotonic()
    await fleet.onsale("seats", "rebuild", "--all")
    drill.timed("seat store rebuilt", step)
    step = time.monotonic()
    restored_at = drill.people.history.now()
    await fleet.start_roles()
    drill.timed("roles started", step)
    drill.timed("from the loss until all runs again", began)
    return restored_at


async def _judge(
    drill: _Drill, point_at: float, restored_at: float, late: Client, promised: int
) -> Restored:
    fleet, people = drill.fleet, drill.people
    database_url = fleet.environment["ONSALE_DATABASE_URL"]
    stores = Stores(database_url, fleet.environment["ONSALE_SEAT_STORE_URL"])
    _, unfinished = await stores.rest([people.event_id])
    strays = await Strays.found_by(database_url)
    refused = await late.send("set up", "GET", "/api/user/me")
    rows = {row.id for row in (await stores.read([people.event_id], [], (True, ""))).bookings}
    operations = [
        known
        for each in people.history.operations
        if (known := _as_it_counts(each, rows, point_at, restored_at)) is not None
    ]
    seen_count = len(people.history.operations)
    await asyncio.sleep(VIEW_LAG_SECONDS)
    await read_all(operations, people.clients)
    operations += people.history.operations[seen_count:]
    verified = await fleet.verify()
    state = await stores.read([people.event_id], unfinished, verified)
    # Under keys that the ledger does not know: they are counted, and are a person's to hand back.
    judged = replace(state, charges=[each for each in state.charges if each.booking_id])
    accepted = _grouped(people.history.operations, rows, point_at, restored_at)
    faults = [f"booking {id_} was accepted before the point and is gone" for id_ in accepted.gone]
    if accepted.total != promised:
        faults.append(f"{promised} bookings were accepted, and {accepted.total} are accounted for")
    if not accepted.lost:
        faults.append("nothing that was sold after the point is gone: this shows nothing")
    if strays.found != strays.due:
        faults.append(f"{strays.found} of {strays.due} payments of lost sales were found")
    if refused.status != UNAUTHORIZED:
        faults.append(f"a session from after the point is still somebody's: {refused.status}")
    return Restored(
        seconds=drill.seconds,
        accepted=accepted,
        strays=strays,
        sold_again=_sold_again(people.history.operations, accepted.lost, state),
        verify_output=verified[1],
        faults=faults,
        violations=judge(Evidence(operations, judged, people.history.began_at, ALWAYS)),
    )


def _as_it_counts(
    operation: Operation, rows: Collection[str], point_at: float, restored_at: float
) -> Operation | None:
    """What was said between the point and the restore no longer binds: it counts as never answered,
    and what is about a lost booking does not count at all.
    """
    if operation.booking_id is not None and operation.booking_id not in rows:
        return None
    answered_at = operation.answered_at
    if operation.sent_at >= restored_at or (answered_at is not None and answered_at < point_at):
        return operation
    if operation.kind == "book" and operation.booking_id is not None:
        # Its row is from before the point, so its promise stands.
        return operation
    return replace(operation, status=None, body={}, answered_at=None)


def _grouped(
    operations: Sequence[Operation], rows: Collection[str], point_at: float, restored_at: float
) -> Accepted:
    before = _accepted(operations, 0.0, point_at)
    # Whoever was not answered and repeated it has one booking, and may have two answers.
    after = _accepted(operations, point_at, restored_at) - before
    return Accepted(
        kept=before.intersection(rows),
        gone=before.difference(rows),
        stored_before=after.intersection(rows),
        lost=after.difference(rows),
    )


def _accepted(operations: Sequence[Operation], begin: float, end: float) -> set[str]:
    """The bookings that were promised in this time."""
    return {
        each.accepted_id
        for each in operations
        if each.accepted_id and each.answered_at is not None and begin <= each.answered_at < end
    }


def _sold_again(operations: Sequence[Operation], lost: Collection[str], state: FinalState) -> int:
    """Seats that a lost booking's buyer was told of, and that are another's now."""
    told: dict[str, tuple[str, int]] = {}
    seats: set[tuple[str, int, str]] = set()
    for each in operations:
        if each.booking_id is None or each.booking_id not in lost:
            continue
        if each.kind == "book" and each.asked:
            told[each.booking_id] = (each.asked["section"], each.asked["subsection"])
        if each.body.get("status") in LIVE and each.booking_id in told:
            section, subsection = told[each.booking_id]
            seats |= {(section, subsection, seat) for seat in each.body.get("seat_positions", ())}
    taken = {
        (each.section, each.subsection, each.seat) for each in state.tickets if each.booking_id
    }
    return len(seats & taken)
