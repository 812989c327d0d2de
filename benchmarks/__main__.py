"""``python -m benchmarks``: how fast it is, against floors that are measured in the same run."""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.measures import (
    accepting,
    event_creation,
    growth,
    latency,
    reading,
    scaling,
    seat_bytes,
    selling_out,
    viewers,
)
from benchmarks.report import plot, show, write_page
from benchmarks.results import Findings, Run, machine, read_run
from benchmarks.sizes import FULL, QUICK, Sizes
from benchmarks.stage import ONE_BY_ONE, Say, Stage, staged
from tests.support.onsale_up import Bus

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / ".cache" / "bench"
PAGE = PROJECT / "docs" / "performance.md"
PICTURES = PROJECT / "docs" / "images"
TABLE_WIDTH = 170

_FAILED, _INTERRUPTED = 1, 130


class Suite:
    """The measures of one bus, in an order in which the later can use what the earlier found."""

    def __init__(self, bus: Bus, sizes: Sizes, run: Run, say: Say, only: Sequence[str]) -> None:
        self._bus = bus
        self._sizes = sizes
        self._run = run
        self._say = say
        self._only = only
        self._processor_us: dict[str, float] = {}

    async def measure(self) -> None:
        """Everything that was asked for. A measure that fails is told, and the next one begins."""
        one_by_one: float | None = None
        if self._wants("2"):
            async with staged(self._bus, self._say, settings=ONE_BY_ONE) as stage:
                await selling_out.one_by_one(stage, self._sizes)
                one_by_one = await selling_out.one_by_one(stage, self._sizes)
        async with staged(self._bus, self._say) as stage:
            await self._main(stage, one_by_one)
        if self._wants("12"):
            async with staged(self._bus, self._say, workers=2) as stage:
                await self._warm_up(stage)
                await self._attempt(scaling.measure(stage, self._sizes))

    async def _main(self, stage: Stage, one_by_one: float | None) -> None:
        sizes = self._sizes
        await self._warm_up(stage)
        floor: float | None = None
        rate = 0.0
        if self._wants("1") or self._wants("2"):
            await self._attempt(accepting.measure(stage, sizes))
            floors = [each.floor for each in self._run.figures if each.floor_name == "http-floor"]
            floor = floors[0] if floors else None
        if self._wants("2") or self._wants("4"):
            found = await selling_out.measure(stage, sizes, floor, one_by_one)
            rate = found.per_second
            self._run.add(found.findings)
            self._run.add(scaling.cores(found.processor_us))
        steps: list[tuple[str, Callable[[], Awaitable[Findings]]]] = [
            ("3", lambda: accepting.measure_drain(stage, sizes)),
            ("4", lambda: latency.measure(stage, sizes, rate)),
            ("9", lambda: reading.measure(stage, sizes)),
            ("7", lambda: seat_bytes.measure(stage, sizes)),
            ("11", lambda: viewers.measure(stage, sizes)),
            ("8", lambda: growth.measure(stage, sizes)),
            ("6", lambda: event_creation.measure(stage, sizes)),
        ]
        for number, step in steps:
            if self._wants(number):
                await self._attempt(step())
        self._run.verified.append(await stage.verify())

    async def _warm_up(self, stage: Stage) -> None:
        """A broker that has just started compiles what it runs; no sale opens on such a one."""
        count = self._sizes.warm_up_bookings
        event_id = await stage.open_hall(count, self._sizes.sell_out_subsections)
        plan = stage.plan([event_id], self._sizes.sell_out_subsections, count)
        await stage.sell(plan, [event_id], "warming up")

    async def _attempt(self, measuring: Awaitable[Findings]) -> None:
        try:
            self._run.add(await measuring)
        except Exception as error:  # noqa: BLE001 - it is told, and the others are measured
            self._run.failures.append(f"{type(error).__name__}: {error}")
            self._say(traceback.format_exc())

    def _wants(self, number: str) -> bool:
        return not self._only or number in self._only


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    out = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    if options.command == "page":
        write_page(PAGE, [read_run(path) for path in options.results], PICTURES)
        out.print(f"wrote the figures of {PAGE.relative_to(PROJECT)}", highlight=False)
        return 0
    run = Run(
        bus=options.bus,
        command=_command(options),
        began_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        is_quick=options.quick,
    )
    try:
        _measure(options, run, out)
    except KeyboardInterrupt:
        out.print("interrupted; everything that was started has ended")
        return _INTERRUPTED
    name = f"{run.began_at.replace(':', '')[:17]}-{run.bus}"
    run.write(options.results / f"{name}.json")
    for picture in plot(run, options.results / name):
        out.print(f"plot: {picture}", highlight=False)
    show(run, out)
    out.print(f"results: {options.results / name}.json", highlight=False)
    return _FAILED if run.failures else 0


def _measure(options: argparse.Namespace, run: Run, out: Console) -> None:
    sizes = QUICK if options.quick else FULL
    if options.repetitions:
        sizes = msgspec.structs.replace(sizes, repetitions=options.repetitions)
    began, said_at = time.monotonic(), 0.0
    with out.status("starting") as status:

        def say(what: str) -> None:
            nonlocal said_at
            status.update(what)
            # Where nobody sees the status, a line now and then.
            if not out.is_terminal and time.monotonic() - said_at > 1.0:
                said_at = time.monotonic()
                out.print(f"{said_at - began:6.0f} s  {what}", markup=False, highlight=False)

        asyncio.run(Suite(options.bus, sizes, run, say, options.only).measure())
    run.seconds = time.monotonic() - began


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure")
    run.add_argument("--bus", choices=("redis", "kafka"), default="kafka")
    run.add_argument("--quick", action="store_true", help="only whether everything runs")
    run.add_argument("--only", nargs="*", default=[], metavar="N", help="these measures, by number")
    run.add_argument("--repetitions", type=int, help="of each measure that is repeated")
    run.add_argument("--results", type=Path, default=RESULTS, help="where to write what was found")
    page = commands.add_parser("page", help="write the figures of docs/performance.md")
    page.add_argument("results", type=Path, nargs="+", help="JSON files that runs have written")
    return parser


def _command(options: argparse.Namespace) -> str:
    target = "bench-quick" if options.quick else "bench"
    only = f" ARGS='--only {' '.join(options.only)}'" if options.only else ""
    return f"make {target} BUS={options.bus}{only}"


if __name__ == "__main__":
    sys.exit(main())
