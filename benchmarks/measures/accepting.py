"""1 and 3: how fast bookings are accepted, and how fast what was accepted is decided.

The API alone has one core. While it accepts, both workers stand still, so that all else, the load
included, has the other core to itself; then they go on, and the backlog drains.
"""

import statistics
import time
from contextlib import ExitStack

import httpx
import msgspec

from benchmarks.floors.database_floor import database_floor
from benchmarks.floors.http_floor import PATH as FLOOR_PATH
from benchmarks.results import Figure, Findings, against
from benchmarks.sizes import Sizes
from benchmarks.stage import API_CORE, Stage, api_server
from tests.support.stall import stalled

ACCEPTED_LEAST = 0.75
DRAIN_LEAST = 0.35
WORKERS = ("seat-reservation", "ticketing")


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """In turns with the floors, so that whatever slows the machine slows all alike."""
    findings = Findings()
    module = "benchmarks.floors.http_floor"
    count = sizes.accepted_bookings
    accepted: list[float] = []
    floors: list[float] = []
    bare: list[float] = []
    spent: dict[str, list[float]] = {"api": [], "floor": []}
    with stage.api_on_a_core() as core:
        async with (
            stage.server(module, core=API_CORE) as floor,
            stage.server(module, "--bare", core=API_CORE) as bare_floor,
        ):
            for number in range(1, sizes.repetitions + 1):
                event_id = await stage.open_hall(count, sizes.sell_out_subsections)
                plan = stage.plan([event_id], sizes.sell_out_subsections, count)
                for server, rates in ((bare_floor, bare), (floor, floors)):
                    asked = msgspec.structs.replace(plan, port=server.port, path=FLOOR_PATH)
                    before = server.processor_seconds()
                    report = await stage.load(asked, f"1: floor, round {number}", core=core)
                    report.require(httpx.codes.ACCEPTED, count)
                    rates.append(report.per_second)
                    if server is floor:
                        spent["floor"].append((server.processor_seconds() - before) / count)
                api = api_server(stage.system)
                with ExitStack() as standing_still:
                    for worker in WORKERS:
                        standing_still.enter_context(stalled(stage.system, worker))
                    before = api.processor_seconds()
                    report = await stage.load(plan, f"1: accepted, round {number}", core=core)
                    spent["api"].append((api.processor_seconds() - before) / count)
                report.require(httpx.codes.ACCEPTED, count)
                accepted.append(report.per_second)
                await stage.settled([event_id])
                await stage.require_held([event_id], count)
    findings.figures += [
        against(
            "1",
            "durable 202s, one API process on one core",
            statistics.median(accepted),
            "/s",
            "http-floor",
            statistics.median(floors),
            ACCEPTED_LEAST,
            f"processor time {1e6 * statistics.median(spent['api']):.0f} us a booking,"
            f" of the floor {1e6 * statistics.median(spent['floor']):.0f} us",
        ),
        Figure(
            measure="1",
            name="http-floor: same server, middleware, session, body and model",
            value=statistics.median(floors),
            unit="/s",
        ),
        Figure(
            measure="1",
            name="the framework alone, as a newcomer would write it",
            value=statistics.median(bare),
            unit="/s",
        ),
    ]
    return findings


async def measure_drain(stage: Stage, sizes: Sizes) -> Findings:
    """What waits at the broker when the workers begin, and the time until PostgreSQL has it all."""
    count = sizes.drain_bookings
    event_id = await stage.open_hall(count, sizes.sell_out_subsections)
    plan = stage.plan([event_id], sizes.sell_out_subsections, count)
    with ExitStack() as standing_still:
        for worker in WORKERS:
            standing_still.enter_context(stalled(stage.system, worker))
        report = await stage.load(plan, "3: a backlog gathers")
        report.require(httpx.codes.ACCEPTED, count)
        began_at = time.time()
    stage.say(f"3: {count:,} wait")
    await stage.settled([event_id])
    await stage.require_held([event_id], count)
    seconds = await stage.last_decided_at([event_id]) - began_at
    stage.say("3: db-floor")
    floor = await database_floor(stage, sizes.floor_batches)
    return Findings(
        figures=[
            against(
                "3",
                f"drain of {count:,} waiting commands, one worker of each kind",
                count / seconds,
                "/s",
                "db-floor",
                floor,
                DRAIN_LEAST,
                f"{seconds:.1f} s",
            ),
            Figure(
                measure="3", name="db-floor: the ledger's own batch of 100", value=floor, unit="/s"
            ),
        ]
    )
