"""8: whether selling gets slower as halls grow, and as there are more events to sell at once."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.results import Figure, Findings, Series, against
from benchmarks.sizes import Sizes
from benchmarks.stage import HOLD_SECONDS, SEATS_PER_ROW, Sale, Stage
from tests.support.onsale_up import run_onsale
from tests.support.visitors import regular_hall

MEASURE = "8"
UNIT = "bookings/s"
SEATS_PER_SUBSECTION = 500
FLAT_MIN = 0.8
MANY_EVENTS_MIN = 0.5
# The API makes two at once; more of them only wait there.
CREATIONS_AT_ONCE = 8
PROGRESS_EVENTS = 1_000
VACUUM_SECONDS_MAX = 300.0
VERIFY_SECONDS_MAX = 900.0


@dataclass(slots=True)
class Ground:
    """What is sold from: in each repetition these events, equal subsections in each of them."""

    name: str
    x: int
    subsections: int
    event_ids: list[list[int]]
    sales: list[Sale] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """The median of its repetitions."""
        return statistics.median(sale.final_per_second for sale in self.sales)


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """All grounds are made beforehand and take turns, so that a slow minute is everybody's."""
    halls = [await _hall(stage, sizes, seats) for seats in sizes.growth_seats]
    crowds = [await _crowd(stage, sizes, count) for count in sizes.growth_events]
    stage.say("8: a vacuum, as there would have been one since all that was made")
    await stage.ledger.execute("VACUUM (ANALYZE) ticket, event", timeout=VACUUM_SECONDS_MAX)
    for repetition in range(sizes.repetitions):
        for ground in (*halls, *crowds):
            await _sell(stage, ground, repetition, sizes.growth_bookings)
    verified = await _verified(stage)
    await _put_away(stage, crowds)
    return Findings(
        figures=[*map(_figure, halls), _flatness(halls), *map(_figure, crowds), _crowding(crowds)],
        series=[
            _series("bookings a second by seats of an event", halls),
            _series("bookings a second by events at once", crowds),
        ],
        verified=[verified],
    )


async def _hall(stage: Stage, sizes: Sizes, seats: int) -> Ground:
    """One event, or as many as it takes to have seats for every repetition."""
    stage.say(f"8: a hall of {seats:,} seats")
    subsections = max(1, seats // SEATS_PER_SUBSECTION)
    sales_per_event = SEATS_PER_SUBSECTION // _share(sizes.growth_bookings, subsections)
    assert sales_per_event, f"{seats} seats are too few for {sizes.growth_bookings} bookings"
    event_ids: list[list[int]] = []
    for repetition in range(sizes.repetitions):
        is_new = repetition % sales_per_event == 0
        event_ids.append(
            [await stage.open_hall(seats, subsections)] if is_new else event_ids[repetition - 1]
        )
    return Ground(f"one event of {seats:,} seats", seats, subsections, event_ids)


async def _crowd(stage: Stage, sizes: Sizes, count: int) -> Ground:
    """So many events with just enough seats in all, the same ones in every repetition."""
    seats = _share(sizes.growth_bookings * sizes.repetitions, count)
    subsections = _share(seats, SEATS_PER_SUBSECTION)
    each = sizes.repetitions * _share(sizes.growth_bookings, count * subsections)
    cols = min(each, SEATS_PER_ROW)
    hall = regular_hall(rows=_share(each, cols), cols=cols, subsections=subsections)
    event_ids: list[int] = []
    waiting = iter(range(count))

    async def create() -> None:
        for _ in waiting:
            event = await stage.seller.create_event(hall, hold_seconds=HOLD_SECONDS)
            event_ids.append(event["id"])
            if len(event_ids) % PROGRESS_EVENTS == 0:
                stage.say(f"8: {len(event_ids):,} of {count:,} events are made")

    stage.say(f"8: {count:,} events of {each * subsections:,} seats")
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CREATIONS_AT_ONCE):
            tasks.create_task(create())
    await stage.reach(
        "SELECT count(*) FROM event WHERE status = 'available' AND id = ANY($1::bigint[])",
        event_ids,
        wanted=count,
    )
    return Ground(
        f"{_events(count)} of {each * subsections:,} seats",
        count,
        subsections,
        [event_ids] * sizes.repetitions,
    )


async def _sell(stage: Stage, ground: Ground, repetition: int, bookings: int) -> None:
    event_ids = ground.event_ids[repetition]
    plan = stage.plan(event_ids, ground.subsections, bookings)
    sale = await stage.sell(plan, event_ids, f"8: {ground.name}")
    assert sale.count == bookings, sale.report.statuses
    assert sale.statuses.keys() == {"pending_payment"}, sale.statuses
    ground.sales.append(sale)
    stage.say(f"8: {ground.name}: {sale.final_per_second:,.0f} {UNIT}")


async def _verified(stage: Stage) -> str:
    """As the stage does it, with more time: ten thousand events are compared one after another."""
    stage.say("8: onsale verify")
    run = await asyncio.to_thread(
        run_onsale, "verify", "--data", stage.system.data, seconds_max=VERIFY_SECONDS_MAX
    )
    assert run.returncode == 0, f"onsale verify:\n{run.stdout[-2_000:]}{run.stderr[-2_000:]}"
    return run.stdout.strip().splitlines()[-1]


async def _put_away(stage: Stage, crowds: Sequence[Ground]) -> None:
    """Drafts that owe no load: nobody compares them again while something else is measured."""
    event_ids = [event_id for crowd in crowds for event_id in crowd.event_ids[0]]
    await stage.ledger.execute(
        "UPDATE event SET status = 'draft', load_owed = false WHERE id = ANY($1::bigint[])",
        event_ids,
    )


def _share(whole: int, parts: int) -> int:
    """The largest when a whole is divided as evenly as can be."""
    return -(-whole // parts)


def _figure(ground: Ground) -> Figure:
    processor_us = statistics.median(sale.system_us for sale in ground.sales)
    return Figure(
        measure=MEASURE,
        name=f"sold from {ground.name}",
        value=ground.per_second,
        unit=UNIT,
        note=f"median of {len(ground.sales)}; {processor_us:.0f} us of processor time a booking",
    )


def _flatness(halls: Sequence[Ground]) -> Figure:
    slowest = min(halls, key=lambda hall: hall.per_second)
    fastest = max(halls, key=lambda hall: hall.per_second)
    return against(
        MEASURE,
        f"the slowest of these halls, {slowest.name}",
        slowest.per_second,
        UNIT,
        "the fastest",
        fastest.per_second,
        FLAT_MIN,
        f"the fastest is {fastest.name}",
    )


def _crowding(crowds: Sequence[Ground]) -> Figure:
    fewest, most = crowds[0], crowds[-1]
    return against(
        MEASURE,
        f"sold from {_events(most.x)} at once",
        most.per_second,
        UNIT,
        _events(fewest.x),
        fewest.per_second,
        MANY_EVENTS_MIN,
    )


def _events(count: int) -> str:
    return "one event" if count == 1 else f"{count:,} events"


def _series(plot: str, grounds: Sequence[Ground]) -> Series:
    return Series(
        plot=plot,
        name=UNIT,
        x=[float(number) for number in range(len(grounds))],
        y=[ground.per_second for ground in grounds],
        labels=[f"{ground.x:,}" for ground in grounds],
    )
