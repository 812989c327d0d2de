"""Where API and workers spend their time while a hall sells out: `make profile`.

A sampling profiler looks at each process a few hundred times a second, at the thread that runs
Python. Prints the costliest functions, by themselves and with all that they call, and keeps the
stacks for flame graphs. The figures are shares of a process's time; the profiler costs some itself.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.stage import Stage, staged

PROFILER = Path(sys.executable).with_name("py-spy")
PROCESSES = ("api", "seat-reservation", "ticketing")
SAMPLES_PER_SECOND = 300
ATTACH_SECONDS = 2.0
PROFILE_SECONDS_MAX = 600
SUBSECTION_COUNT = 100
RESULTS = Path(__file__).parents[1] / ".cache" / "profile"


def main() -> int:
    """Run as the options say."""
    parser = argparse.ArgumentParser(description="Profile a sell-out.")
    parser.add_argument("--bus", choices=("redis", "kafka"), default="kafka")
    parser.add_argument("--bookings", type=int, default=50_000)
    parser.add_argument("--lines", type=int, default=15, help="functions shown of each process")
    options = parser.parse_args()
    asyncio.run(_profile(options))
    return 0


async def _profile(options: argparse.Namespace) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    async with staged(options.bus, lambda _: None) as stage:
        await _sell(stage, options.bookings // 2)
        profilers = [_attach(stage, name) for name in PROCESSES]
        await asyncio.sleep(ATTACH_SECONDS)
        began = time.monotonic()
        rate = await _sell(stage, options.bookings)
        for profiler in profilers:
            profiler.send_signal(signal.SIGINT)
        for profiler in profilers:
            await asyncio.to_thread(profiler.wait)
        print(f"{options.bookings:,} bookings in {time.monotonic() - began:.1f} s, {rate:.0f} /s")
    for name in PROCESSES:
        _show(name, options.lines)


async def _sell(stage: Stage, count: int) -> float:
    event_id = await stage.open_hall(count, SUBSECTION_COUNT)
    sale = await stage.sell(stage.plan([event_id], SUBSECTION_COUNT, count), [event_id], "selling")
    return sale.final_per_second


def _attach(stage: Stage, name: str) -> "subprocess.Popen[bytes]":
    pid = stage.system.pid(name)
    return subprocess.Popen(
        [
            *(PROFILER, "record", "--gil", "--function", "--format", "raw"),
            *("--rate", str(SAMPLES_PER_SECOND), "--duration", str(PROFILE_SECONDS_MAX)),
            *("--pid", str(pid), "--output", RESULTS / f"{name}.txt"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _show(name: str, line_count: int) -> None:
    """The stacks of a process, ``frame;frame;… count`` a line, as two lists."""
    alone: Counter[str] = Counter()
    with_calls: Counter[str] = Counter()
    for line in (RESULTS / f"{name}.txt").read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        alone[frames[-1]] += int(count)
        for frame in set(frames):
            with_calls[frame] += int(count)
    total = alone.total()
    print(f"\n{name}: {total:,} samples; stacks: {RESULTS / name}.txt")
    for title, counter in (("by themselves", alone), ("with what they call", with_calls)):
        print(f"  {title}")
        for frame, samples in counter.most_common(line_count):
            print(f"    {100 * samples / total:5.1f} %  {frame}")


if __name__ == "__main__":
    sys.exit(main())
