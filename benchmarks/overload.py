"""What clients see while one part of the system stands still under load: `make overload`.

Starts a system of its own below a temporary directory, offers requests at a fixed rate without
waiting for answers, stops one part (SIGSTOP) in the middle, lets it go on, and prints what came of
it. Ends with status 1 if anything that was accepted is missing, or an answer was late.
"""

import argparse
import asyncio
import sys

from tests.support.onsale_up import OnsaleUp, data_directory
from tests.support.overload import Plan, Trial, overload

ANSWER_SECONDS_MAX = 2.0
PARTS = ("postgres", "redis", "kafka")
SETTINGS = {
    "ONSALE_RATE_LIMITS": "off",
    "ONSALE_LOG_LEVEL": "warning",
    "ONSALE_ANSWER_SECONDS_MAX": "1.8",
}


def main() -> None:
    """Run as the options say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=500, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60, help="how long")
    parser.add_argument("--stall", choices=PARTS, default="postgres", help="what stands still")
    parser.add_argument("--stall-seconds", type=float, default=30, help="for how long")
    options = parser.parse_args()
    plan = Plan(
        rate=options.rate,
        seconds=options.seconds,
        stalled=options.stall,
        stall_from=(options.seconds - options.stall_seconds) / 2,
        stall_seconds=options.stall_seconds,
    )
    with data_directory() as data:
        bus = "kafka" if options.stall == "kafka" else "redis"
        system = OnsaleUp(data, bus, environment=SETTINGS)
        try:
            system.start()
            print(
                f"offering {plan.rate:.0f} requests/s for {plan.seconds:.0f} s;"
                f" {plan.stalled} stands still from {plan.stall_from:.0f} s"
                f" for {plan.stall_seconds:.0f} s",
                flush=True,
            )
            trial = asyncio.run(overload(system, plan))
            system.stop()
        finally:
            system.kill()
    _print(trial)
    sys.exit(bool(trial.unanswered_during(ANSWER_SECONDS_MAX)))


def _print(trial: Trial) -> None:
    load, memory = trial.load, trial.memory.megabytes
    offered = len(load.outcomes)
    print(f"requests         {offered:,} offered, {load.in_flight_count_max:,} at once at most")
    for answer, count in sorted(load.tally().items()):
        print(f"  {answer:<14} {count:,}")
    print(
        f"time to answer   p50 {load.latency_seconds(0.5):.3f} s, p99 {load.latency_seconds(0.99):.3f} s,"
        f" longest {load.latency_seconds(1):.3f} s"
    )
    print(
        f"later than {ANSWER_SECONDS_MAX:.0f} s   {trial.unanswered_during(ANSWER_SECONDS_MAX):,}"
    )
    print(
        f"memory of the API  {memory[0]:.1f} MB at first, {max(memory):.1f} MB at most,"
        f" {memory[-1]:.1f} MB at the end"
    )
    print(f"recovered        {trial.recovery_seconds:.2f} s after it went on")
    print(f"accepted         {len(trial.accepted):,}, each of them there in the end")
    print(f"verify           {trial.verification.strip()}")


if __name__ == "__main__":
    main()
