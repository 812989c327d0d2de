"""4: how long a buyer waits, at three tenths of what the system can do, open loop."""

import httpx
import msgspec

from benchmarks.floors.http_floor import PATH as FLOOR_PATH
from benchmarks.results import Figure, Findings, Series, at_most, percentile
from benchmarks.sizes import Sizes
from benchmarks.stage import Stage

SHARE_OF_SELL_OUT = 0.3
FOLLOWED_EVERY = 20
ACCEPTED_MS_MAX, OUTCOME_MS_MAX = 25.0, 150.0
SHARES = (0.5, 0.99, 0.999)
PLOT_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)


async def measure(stage: Stage, sizes: Sizes, sell_out_per_second: float) -> Findings:
    """From the moment at which a request was due to its 202, and to its outcome on its stream."""
    rate = SHARE_OF_SELL_OUT * sell_out_per_second
    await _warm_up(stage, sizes, rate)
    count = int(rate * sizes.latency_seconds)
    event_id = await stage.open_hall(count, sizes.sell_out_subsections)
    plan = stage.plan([event_id], sizes.sell_out_subsections, count)
    plan = msgspec.structs.replace(plan, per_second=rate)
    async with stage.server("benchmarks.floors.http_floor") as floor:
        asked = msgspec.structs.replace(plan, port=floor.port, path=FLOOR_PATH)
        least = await stage.load(asked, "4: floor")
    least.require(httpx.codes.ACCEPTED, count)
    report = await stage.load(
        msgspec.structs.replace(plan, follow_every=FOLLOWED_EVERY), "4: bookings"
    )
    report.require(httpx.codes.ACCEPTED, count)
    followed = {"pending_payment": -(-count // FOLLOWED_EVERY)}
    assert report.outcomes == followed, f"{report.outcomes}, not {followed}"
    await stage.settled([event_id])
    await stage.require_held([event_id], count)
    _p50, p99, _p999 = (1e3 * percentile(least.seconds, share) for share in SHARES)
    findings = Findings(verified=[await stage.verify()])
    for name, seconds, most in (
        ("POST to 202", report.seconds, ACCEPTED_MS_MAX),
        ("POST to outcome on the stream", report.outcome_seconds, OUTCOME_MS_MAX),
        ("floor: POST to 202", least.seconds, None),
    ):
        milliseconds = [1e3 * each for each in seconds]
        median, high, highest = (percentile(milliseconds, share) for share in SHARES)
        findings.figures.append(
            at_most(
                "4",
                f"p99, {name}, {rate:.0f} /s offered",
                high,
                "ms",
                most,
                f"p50 {median:.1f}, p99.9 {highest:.1f}, worst {max(milliseconds):.1f} ms"
                + ("" if most is None else f"; the floor's p99 {p99:.1f} ms"),
            )
        )
        findings.series.append(
            Series(
                plot="latency by percentile, ms",
                name=name,
                x=list(range(len(PLOT_SHARES))),
                y=[percentile(milliseconds, share) for share in PLOT_SHARES],
                labels=[f"{100 * share:g}" for share in PLOT_SHARES],
            )
        )
    findings.figures.append(
        Figure(
            measure="4",
            name="the load itself was late by, at most",
            value=1e3 * report.late_seconds_max,
            unit="ms",
        )
    )
    return findings


async def _warm_up(stage: Stage, sizes: Sizes, rate: float) -> None:
    """At the rate that is measured: a broker that has sold a hall out has compiled what large
    batches need, and compiles for another half a minute, on half a core, once small ones come.
    """
    count = int(rate * sizes.latency_warm_up_seconds)
    event_id = await stage.open_hall(count, sizes.sell_out_subsections)
    plan = stage.plan([event_id], sizes.sell_out_subsections, count)
    report = await stage.load(msgspec.structs.replace(plan, per_second=rate), "4: warm up")
    report.require(httpx.codes.ACCEPTED, count)
    await stage.settled([event_id])
