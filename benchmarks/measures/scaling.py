"""12: two API processes and two workers of each kind, and how many cores hold how much."""

import statistics

import msgspec

from benchmarks.results import Figure, Findings
from benchmarks.sizes import Sizes
from benchmarks.stage import Stage, second_api

BOOKINGS_A_MINUTE = (10_000, 100_000, 1_000_000)
# A core that is busier than this makes those who wait for it wait long.
USED_SHARE = 0.6


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """``stage`` was started with two workers of each kind; a second API is started here."""
    count = sizes.sell_out_bookings
    rates = []
    async with second_api(stage) as port:
        for number in range(1, sizes.repetitions + 1):
            event_id = await stage.open_hall(count, sizes.sell_out_subsections)
            plan = stage.plan([event_id], sizes.sell_out_subsections, count)
            plan = msgspec.structs.replace(plan, more_ports=[port])
            sale = await stage.sell(plan, [event_id], f"12: two of each, round {number}")
            assert sale.statuses == {"pending_payment": count}, sale.statuses
            rates.append(sale.final_per_second)
    return Findings(
        figures=[
            Figure(
                measure="12",
                name="sell-out, two API processes, two workers of each kind",
                value=statistics.median(rates),
                unit="/s",
            )
        ],
        verified=[await stage.verify()],
    )


def cores(processor_us: dict[str, float]) -> Findings:
    """By calculation: cores for a load, from what a booking costs each component."""
    figures = []
    for per_minute in BOOKINGS_A_MINUTE:
        per_second = per_minute / 60
        needed = {
            name: per_second * us / 1e6 / USED_SHARE
            for name, us in processor_us.items()
            if name != "driver"
        }
        figures.append(
            Figure(
                measure="12",
                name=f"cores for {per_minute:,} bookings a minute, {USED_SHARE:.0%} busy",
                value=sum(needed.values()),
                unit="cores",
                note=", ".join(f"{name} {cores:.2f}" for name, cores in needed.items()),
            )
        )
    return Findings(figures=figures)
