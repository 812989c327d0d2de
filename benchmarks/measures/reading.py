"""9 and 10: refusals after sold out, event pages and seat maps, against the floor of one core."""

import asyncio
import statistics
import time

import msgspec

from benchmarks.floors.http_floor import PATH as FLOOR_PATH
from benchmarks.load_process import LoadPlan
from benchmarks.results import Findings, against
from benchmarks.sizes import Sizes
from benchmarks.stage import API_CORE, SEATS_PER_ROW, Stage

REFUSED_LEAST, PAGE_LEAST, MAP_LEAST = 0.85, 0.6, 0.35
MAP_SEATS = 500
HALL_SUBSECTIONS = 10
KNOWN_SECONDS_MAX = 30.0
KNOWN_POLL_SECONDS = 0.05
_ACCEPTED, _CONFLICT, _OK = 202, 409, 200


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """The API alone has one core; in turns with the floor."""
    sold_out = await stage.open_hall(SEATS_PER_ROW * 2, 2)
    await stage.sell(stage.plan([sold_out], 2, SEATS_PER_ROW * 2), [sold_out], "9: selling out")
    shown = await stage.open_hall(MAP_SEATS * HALL_SUBSECTIONS, HALL_SUBSECTIONS)
    refused = stage.plan([sold_out], 2, sizes.refusals)
    page = LoadPlan(
        port=stage.system.port,
        count=sizes.read_requests,
        tokens=[],
        path=f"/api/event/{shown}",
    )
    seat_map = msgspec.structs.replace(page, path=f"{page.path}/sections/A/subsection/1/seats")
    rates: dict[str, list[float]] = {"floor": [], "refused": [], "page": [], "map": []}
    let_through_counts: list[int] = []
    with stage.api_on_a_core() as core:
        async with stage.server("benchmarks.floors.http_floor", core=API_CORE) as floor:
            for number in range(1, sizes.repetitions + 1):
                asked = msgspec.structs.replace(refused, port=floor.port, path=FLOOR_PATH)
                report = await stage.load(asked, f"9: floor, round {number}", core=core)
                report.require(_ACCEPTED, sizes.refusals)
                rates["floor"].append(report.per_second)
                await _known_to_be_full(stage, refused)
                before = await _bookings(stage)
                report = await stage.load(refused, f"9: refusals, round {number}", core=core)
                refused_count = report.statuses.get(_CONFLICT, 0)
                assert not report.broken_count, f"{report.broken_count} connections broke"
                # What is let through when the memory of a busy process is too old, is decided. It
                # is no refusal, and counts as none.
                let_through = report.statuses.get(_ACCEPTED, 0)
                assert refused_count + let_through == sizes.refusals, report.statuses
                stored = await _bookings(stage) - before
                assert stored == let_through, f"{stored - let_through} refusals in PostgreSQL"
                rates["refused"].append(report.per_second_of(_CONFLICT))
                let_through_counts.append(let_through)
                await stage.settled([sold_out])
                for name, plan in (("page", page), ("map", seat_map)):
                    report = await stage.load(plan, f"10: {name}, round {number}", core=core)
                    report.require(_OK, sizes.read_requests)
                    rates[name].append(report.per_second)
    let_through_note = "/".join(map(str, let_through_counts))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    return Findings(
        figures=[
            against("9", "refusals once sold out", medians["refused"], "/s", "http-floor",
                    medians["floor"], REFUSED_LEAST, "none of them in PostgreSQL or at the broker;"
                    f" of {sizes.refusals:,} a round {let_through_note} were let through"
                    " and refused later, and do not count"),
            against("10", f"event page of {HALL_SUBSECTIONS} subsections", medians["page"], "/s",
                    "http-floor", medians["floor"], PAGE_LEAST),
            against("10", f"map of {MAP_SEATS} seats", medians["map"], "/s", "http-floor",
                    medians["floor"], MAP_LEAST),
        ]
    )  # fmt: skip


async def _known_to_be_full(stage: Stage, plan: LoadPlan) -> None:
    """Ask until the API remembers by itself that no seat is left."""
    headers = {"authorization": f"Bearer {plan.tokens[0]}", "content-type": "application/json"}
    deadline = time.monotonic() + KNOWN_SECONDS_MAX
    for body in plan.bodies:
        while True:
            answer = await stage.http.post(plan.path, content=body, headers=headers)
            if answer.status_code == _CONFLICT:
                break
            assert time.monotonic() < deadline, answer.text
            await asyncio.sleep(KNOWN_POLL_SECONDS)


async def _bookings(stage: Stage) -> int:
    return int(await stage.ledger.fetchval("SELECT count(*) FROM booking"))
