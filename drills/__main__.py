"""``python -m drills rolling | upgrade | restore``: what operators do, while people buy."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drills.fleet import FleetShape, Say
from drills.old_code import NoSuchRevisionError, oldest_promised
from drills.restoring import restore
from drills.rolling import roll
from drills.told import tell_restored, tell_rolled, tell_upgraded
from drills.upgrading import upgrade

_VIOLATED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 1 if something was lost or contradicts."""
    options = _parser().parse_args(arguments)
    # In the background of a shell Ctrl-C is ignored, and with it what is to act like it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    root = Path(tempfile.mkdtemp(prefix="onsale-drill-"))
    out = Console(soft_wrap=True, highlight=False)
    began = time.monotonic()

    def say(what: str) -> None:
        out.print(f"{time.monotonic() - began:6.1f} s  {what}", markup=False)

    is_clean = False
    try:
        is_clean = asyncio.run(_run(options, root, out, say))
    except NoSuchRevisionError as error:
        out.print(f"{error}; name another with FROM=…, or fetch the history: git fetch --unshallow")
    except KeyboardInterrupt:
        out.print("interrupted; everything that was started has ended")
        return _INTERRUPTED
    finally:
        if is_clean and not options.keep:
            shutil.rmtree(root, ignore_errors=True)
        else:
            out.print(f"logs and history: {root}")
    return 0 if is_clean else _VIOLATED


async def _run(options: argparse.Namespace, root: Path, out: Console, say: Say) -> bool:
    shape = FleetShape(options.copies, options.brokers if options.bus == "kafka" else 0)
    sale = {
        "bookings": options.bookings,
        "per_second": options.rate,
        "seed": options.seed,
        "say": say,
    }
    match options.command:
        case "rolling":
            return tell_rolled(await roll(root, shape, between=options.between, **sale), out)
        case "upgrade":
            revision = options.revision or oldest_promised()
            return tell_upgraded(await upgrade(root, shape, revision=revision, **sale), out)
        case _:
            return tell_restored(await restore(root, shape, **sale), out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    rolling = commands.add_parser("rolling", help="kill one of everything, then roll everything")
    upgrading = commands.add_parser("upgrade", help="old and new code at once on one database")
    restoring = commands.add_parser("restore", help="lose PostgreSQL, and go back to a point")
    rolling.add_argument("--between", type=int, default=40, help="sold from fault to fault")
    upgrading.add_argument(
        "--from", dest="revision", help="the old code; the oldest that is promised if not given"
    )
    for command, bookings in ((rolling, 10_000), (upgrading, 500), (restoring, 500)):
        command.add_argument("--bus", choices=("redis", "kafka"), default="kafka")
        command.add_argument("--brokers", type=int, default=3, help="how many, on kafka")
        command.add_argument("--copies", type=int, default=2, help="processes of each role")
        command.add_argument(
            "--bookings", type=int, default=bookings, help="accepted at least, in each phase"
        )
        command.add_argument("--rate", type=float, default=60.0, help="purchases begun a second")
        command.add_argument("--seed", type=int, default=1, help="of what buyers choose")
        command.add_argument("--keep", action="store_true", help="keep logs and history")
    return parser


if __name__ == "__main__":
    sys.exit(main())
