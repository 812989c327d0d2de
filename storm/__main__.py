"""``python -m storm``: attack a real system while people buy, and judge what becomes of it."""

import argparse
import asyncio
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from storm.figures_page import write_figures
from storm.guards import GUARDS, source_without
from storm.plan import FAULTS_PER_ROUND
from storm.report import Figures, read_figures, show
from storm.storm_round import StormRound
from storm.system import PROJECT, Shape, System, running

RESULTS = PROJECT / ".cache" / "storm"
PAGE = PROJECT / "docs" / "reliability.md"
BOOKINGS_PER_ROUND_MIN = 700
BUYING_SECONDS_MAX = 150.0
SEED_MAX = 1_000_000

_VIOLATED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    out = Console(soft_wrap=True)
    if options.command == "figures":
        write_figures(PAGE, [read_figures(path) for path in options.results])
        out.print(f"wrote the figures of {PAGE.relative_to(PROJECT)}", highlight=False)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        figures = _storm(options, out)
    except KeyboardInterrupt:
        out.print("interrupted; everything that was started has ended")
        return _INTERRUPTED
    return 0 if figures.is_clean else _VIOLATED


def _interrupt(_number: int, _frame: object) -> None:
    # As Ctrl-C does it: what runs is cancelled in order.
    signal.raise_signal(signal.SIGINT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m storm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a storm")
    run.add_argument("--seed", type=int, help="of an earlier storm, to have the same one again")
    run.add_argument("--rounds", type=int, default=3)
    run.add_argument("--first-round", type=int, default=1, help="skip the rounds before this one")
    run.add_argument("--bus", choices=("redis", "kafka"), default="redis")
    run.add_argument("--brokers", type=int, default=3, help="how many, on kafka")
    run.add_argument(
        "--bookings", type=int, default=BOOKINGS_PER_ROUND_MIN, help="a round at least"
    )
    run.add_argument("--faults", type=int, default=FAULTS_PER_ROUND, help="a round")
    run.add_argument(
        "--seconds", type=float, default=BUYING_SECONDS_MAX, help="of buying in a round at most"
    )
    run.add_argument("--without", choices=sorted(GUARDS), help="take this guard out of the system")
    run.add_argument("--results", type=Path, default=RESULTS, help="where to write what was found")
    run.add_argument("--keep", action="store_true", help="keep the data directory of a clean storm")
    figures = commands.add_parser("figures", help="write the figures of docs/reliability.md")
    figures.add_argument(
        "results", type=Path, nargs="+", help="JSON files that storms have written"
    )
    return parser


def _storm(options: argparse.Namespace, out: Console) -> Figures:
    seed = secrets.randbelow(SEED_MAX) if options.seed is None else options.seed
    began = datetime.now(UTC)
    name = f"{began:%Y%m%d-%H%M%S}-{options.bus}-{seed}"
    figures = Figures(
        seed, options.bus, _command(options, seed), began.isoformat(timespec="seconds")
    )
    out.print(f"storm: seed {seed}; again: {figures.command}", highlight=False)
    root = Path(tempfile.mkdtemp(prefix="onsale-storm-"))
    try:
        source = source_without(options.without, root / "source") if options.without else None
        system = System(root / "data", Shape(options.bus, options.brokers, source))
        system.history.mkdir()
        with running(system):
            asyncio.run(_rounds(system, options, figures, out))
    except KeyboardInterrupt:
        shutil.rmtree(root, ignore_errors=True)
        raise
    except Exception:  # noqa: BLE001 - it is shown, kept, and makes the storm fail
        figures.aborted = traceback.format_exc()
    figures.write(options.results / f"{name}.json")
    if figures.is_clean and not options.keep:
        shutil.rmtree(root, ignore_errors=True)
    else:
        _keep(root, options.results / name, out)
    show(figures, out)
    out.print(f"results: {options.results / name}.json", highlight=False)
    return figures


async def _rounds(
    system: System, options: argparse.Namespace, figures: Figures, out: Console
) -> None:
    for number in range(options.first_round, options.first_round + options.rounds):
        with out.status(f"round {number}") as status:

            def say(what: str, number: int = number, status_line: object = status) -> None:
                status_line.update(f"round {number}: {what}")  # type: ignore[attr-defined]

            one = StormRound(
                system,
                figures.seed,
                number,
                system.history / f"round-{number:03}.jsonl",
                options.bookings,
                options.faults,
                options.seconds,
                say,
            )
            result = await one.run()
        figures.add(result)
        verdict = "clean" if not result.violations else f"{len(result.violations)} violations"
        out.print(
            f"round {number}: {result.accepted_count} bookings, {len(result.strikes)} faults,"
            f" {result.request_count} requests, rest after {result.rest_seconds:.1f} s,"
            f" {result.seconds:.0f} s: {verdict}",
            highlight=False,
        )


def _keep(root: Path, kept: Path, out: Console) -> None:
    """Keep what helps to understand: histories, logs, what was printed."""
    for name in ("history", "data/logs", "console.txt"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, kept / name, dirs_exist_ok=True)
        elif source.exists():
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, kept / name)
    shutil.rmtree(root, ignore_errors=True)
    out.print(f"history and logs: {kept}", highlight=False)


def _command(options: argparse.Namespace, seed: int) -> str:
    """The command that has the same storm again."""
    parts = ["make", "storm", f"SEED={seed}", f"ROUNDS={options.rounds}", f"BUS={options.bus}"]
    if options.bus == "kafka":
        parts.append(f"BROKERS={options.brokers}")
    more = []
    if options.first_round != 1:
        more += ["--first-round", str(options.first_round)]
    if options.bookings != BOOKINGS_PER_ROUND_MIN:
        more += ["--bookings", str(options.bookings)]
    if options.faults != FAULTS_PER_ROUND:
        more += ["--faults", str(options.faults)]
    if options.seconds != BUYING_SECONDS_MAX:
        more += ["--seconds", str(options.seconds)]
    if options.without:
        more += ["--without", options.without]
    if more:
        parts.append(f"ARGS={shlex.quote(shlex.join(more))}")
    return " ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
