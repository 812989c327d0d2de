"""11: how late thousands of viewers of one event see each booking, while it sells."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.processor_time import ProcessorTime
from benchmarks.results import Figure, Findings, Series, against, at_most, percentile
from benchmarks.sizes import Sizes
from benchmarks.stage import Sale, Stage
from benchmarks.viewer_process import Step, ViewerPlan, ViewerReport

MEASURE = "11"
SEATS_PER_SUBSECTION = 500
# Somewhat more seats than bookings: nothing is to be sold out.
SPARE_SHARE = 1.1
STALENESS_MS_MAX = 1_000.0
OFFERED_MIN = 0.8
CONNECT_SECONDS_MAX = 180.0
# A notice that is lost costs a viewer up to five seconds.
LINGER_SECONDS = 6.0
LEAVE_SECONDS_MAX = 60.0
PLOT_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)

_SHOWN = "a booking is shown, after the ledger has it"
_HELD_AT = """
SELECT subsection,
    array_agg(extract(epoch FROM updated_at)::float8 ORDER BY updated_at) AS moments
FROM booking
WHERE event_id = $1 AND status = 'pending_payment'
GROUP BY subsection
"""


@dataclass(slots=True)
class Staleness:
    """Seconds, for each booking and witness, from the ledger to the eye. Less than none where it
    was shown first: what viewers are shown is counted by the seat store, which decides, and the
    ledger writes it down a batch later.
    """

    seconds: list[float]
    unseen_count: int


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """All viewers are there before the first booking, and stay until after the last."""
    count = int(sizes.viewer_bookings_per_second * sizes.viewer_seconds)
    subsections = -(-int(count * SPARE_SHARE) // SEATS_PER_SUBSECTION)
    event_id = await stage.open_hall(subsections * SEATS_PER_SUBSECTION, subsections)
    plan = stage.plan([event_id], subsections, count)
    plan.per_second = sizes.viewer_bookings_per_second
    watching = ViewerPlan(port=stage.system.port, event_id=event_id, count=sizes.viewers)
    async with _viewers(stage, watching) as crowd:
        spent, began = ProcessorTime(stage.system), time.monotonic()
        sale = await stage.sell(plan, [event_id], f"11: {sizes.viewers:,} viewers")
        seconds = time.monotonic() - began
        api_share = spent.seconds()["api"] / seconds
        await asyncio.sleep(LINGER_SECONDS)
        report = await crowd.leave()
    await stage.require_held([event_id], count)
    late = _staleness(report, await _held_at(stage, event_id))
    note = (
        f"{sizes.viewers:,} viewers, {len(report.witnesses):,} of them write down what they see;"
        f" API: {api_share:.2f} s of processor time a second, viewers: "
        f"{report.processor_seconds / (seconds + LINGER_SECONDS):.2f} s;"
        f" {report.received_bytes / seconds / 1e6:,.0f} MB/s; {_first_share(late):.0%} of all were"
        " shown before the ledger had them"
    )
    return Findings(
        figures=[*_figures(late, report, note), _sold(sale, sizes)],
        series=[
            Series(
                plot="staleness by percentile, ms",
                name=f"{sizes.viewers:,} viewers",
                x=[float(number) for number in range(len(PLOT_SHARES))],
                y=[_ms(late, share) for share in PLOT_SHARES],
                labels=[f"{100 * share:g}" for share in PLOT_SHARES],
            )
        ],
        verified=[await stage.verify()],
    )


def _figures(late: Staleness, report: ViewerReport, note: str) -> list[Figure]:
    return [
        at_most(MEASURE, f"{_SHOWN}, median", _ms(late, 0.5), "ms", note=note),
        at_most(MEASURE, f"{_SHOWN}, p99", _ms(late, 0.99), "ms", STALENESS_MS_MAX),
        at_most(MEASURE, f"{_SHOWN}, latest", _ms(late, 1.0), "ms"),
        at_most(MEASURE, "bookings not shown, over all witnesses", late.unseen_count, "", 0),
        at_most(MEASURE, "viewers that lost their stream", report.lost_count, "", 0),
    ]


def _sold(sale: Sale, sizes: Sizes) -> Figure:
    return against(
        MEASURE,
        f"sold while {sizes.viewers:,} watch",
        sale.final_per_second,
        "bookings/s",
        "offered",
        sizes.viewer_bookings_per_second,
        OFFERED_MIN,
        f"answers: {sale.report.statuses}, the load late by at most"
        f" {sale.report.late_seconds_max * 1_000:.0f} ms",
    )


async def _held_at(stage: Stage, event_id: int) -> Mapping[int, Sequence[float]]:
    """When the ledger gave each hold its seats, by subsection, in seconds since 1970."""
    rows = await stage.ledger.fetch(_HELD_AT, event_id)
    return {row["subsection"]: row["moments"] for row in rows}


def _staleness(report: ViewerReport, held_at: Mapping[int, Sequence[float]]) -> Staleness:
    late = Staleness([], 0)
    for steps_of in report.witnesses:
        for subsection, moments in held_at.items():
            seconds = list(_shown_late(steps_of.get(subsection, []), moments))
            late.seconds += seconds
            late.unseen_count += len(moments) - len(seconds)
    late.seconds.sort()  # a percentile of what is sorted already costs little
    return late


def _shown_late(steps: Sequence[Step], moments: Sequence[float]) -> Iterator[float]:
    """By how much each hold was shown after the ledger had it. The n-th is shown with the first
    count of n or more; a count may also come first, since counts are the seat store's.
    """
    shown = 0
    for step in steps:
        for moment in moments[shown : step.reserved]:
            yield step.at - moment
        shown = max(shown, min(step.reserved, len(moments)))


def _first_share(late: Staleness) -> float:
    return sum(seconds < 0 for seconds in late.seconds) / max(1, len(late.seconds))


def _ms(late: Staleness, share: float) -> float:
    return percentile(late.seconds, share) * 1_000


class _Viewers:
    """A running process of viewers."""

    def __init__(self, process: asyncio.subprocess.Process, report_path: Path) -> None:
        self._process = process
        self._report_path = report_path

    async def all_see(self, stage: Stage, count: int) -> None:
        """Return once all of them are shown the event."""
        assert self._process.stderr is not None
        said = b""
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            async for line in self._process.stderr:
                if not line.strip().isdigit():
                    said += line
                    continue
                stage.say(f"11: {int(line):,} of {count:,} viewers are there")
                if int(line) == count:
                    return
        raise RuntimeError(f"the viewers ended: {said[-2_000:].decode(errors='replace')}")

    async def leave(self) -> ViewerReport:
        """End them, and return what they saw."""
        async with asyncio.timeout(LEAVE_SECONDS_MAX):
            _, said = await self._process.communicate(b"")  # which ends their input
        if self._process.returncode != 0:
            raise RuntimeError(f"the viewers ended: {said[-2_000:].decode(errors='replace')}")
        return msgspec.json.decode(self._report_path.read_bytes(), type=ViewerReport)


@asynccontextmanager
async def _viewers(stage: Stage, plan: ViewerPlan) -> AsyncIterator[_Viewers]:
    """All of them see the event when the block begins; none is left after it."""
    with TemporaryDirectory(prefix="onsale-viewers-") as directory:
        plan_path, report_path = (Path(directory) / name for name in ("plan", "report"))
        plan_path.write_bytes(msgspec.json.encode(plan))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.viewer_process", plan_path, report_path),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        viewers = _Viewers(process, report_path)
        try:
            await viewers.all_see(stage, plan.count)
            yield viewers
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
