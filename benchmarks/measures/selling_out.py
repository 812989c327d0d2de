"""2 and 5: a hall of 50,000 single seats is sold out, all on two cores; where the time goes."""

import statistics
from dataclasses import dataclass

from benchmarks.floors.script_floor import script_floor
from benchmarks.results import Figure, Findings, Series, against, at_most
from benchmarks.sizes import Sizes
from benchmarks.stage import Sale, Stage

FLOOR_LEAST = 0.5
ONE_BY_ONE_LEAST = 5.0
SYSTEM_US_MAX = 600.0


@dataclass(frozen=True, slots=True)
class SoldOut:
    """``per_second`` bookings, each of which cost the processes ``processor_us``."""

    findings: Findings
    per_second: float
    processor_us: dict[str, float]


async def measure(
    stage: Stage,
    sizes: Sizes,
    floor_per_second: float | None,
    one_by_one_per_second: float | None,
) -> "SoldOut":
    """Repeated, and the round in the middle is told. A floor is ``None`` if it was not measured."""
    findings = Findings()
    sales = []
    for number in range(1, sizes.repetitions + 1):
        sales.append(await _sell_out(stage, sizes, f"2: sell-out, round {number}"))
        findings.verified.append(await stage.verify())
    sale = sorted(sales, key=lambda each: each.final_per_second)[len(sales) // 2]
    rate = sale.final_per_second
    stage.say("script-floor")
    scripts = await script_floor(stage, sizes.floor_batches)
    spread = ", ".join(f"{each.final_per_second:.0f}" for each in sales)
    findings.figures += [
        against(
            "2",
            f"sell-out of {sale.count:,} seats over {sizes.sell_out_subsections} subsections",
            rate,
            "/s",
            "http-floor",
            floor_per_second,
            FLOOR_LEAST,
            f"{sale.final_seconds:.1f} s; rounds: {spread}",
        ),
        against(
            "2",
            "the same",
            rate,
            "/s",
            "one-by-one",
            one_by_one_per_second,
            ONE_BY_ONE_LEAST,
        ),
        Figure(
            measure="2",
            name="script-floor: the seat script alone, batches of 100",
            value=scripts,
            unit="/s",
        ),
        at_most(
            "5",
            "processor time a booking, all but the load",
            statistics.median(each.system_us for each in sales),
            "us",
            SYSTEM_US_MAX,
            ", ".join(f"{name} {us:.0f}" for name, us in sale.processor_us.items()),
        ),
    ]
    findings.series.append(
        Series(
            plot="processor time of a booking, us",
            name="sell-out",
            x=list(range(len(sale.processor_us))),
            y=list(sale.processor_us.values()),
            labels=list(sale.processor_us),
        )
    )
    return SoldOut(findings, rate, sale.processor_us)


async def one_by_one(stage: Stage, sizes: Sizes) -> float:
    """Bookings a second where every batch is one; ``stage`` was started so."""
    count = sizes.one_by_one_bookings
    event_id = await stage.open_hall(count, sizes.sell_out_subsections)
    plan = stage.plan([event_id], sizes.sell_out_subsections, count)
    sale = await stage.sell(plan, [event_id], "one by one")
    await stage.require_held([event_id], count)
    await stage.verify()
    return sale.final_per_second


async def _sell_out(stage: Stage, sizes: Sizes, what: str) -> Sale:
    count = sizes.sell_out_bookings
    event_id = await stage.open_hall(count, sizes.sell_out_subsections)
    plan = stage.plan([event_id], sizes.sell_out_subsections, count)
    sale = await stage.sell(plan, [event_id], what)
    assert sale.statuses == {"pending_payment": count}, sale.statuses
    return sale
