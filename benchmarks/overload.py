"""What clients see while one part of the system stands still under load: `make overload`.

Starts a system of its own below a temporary directory, offers requests at a fixed rate without
waiting for answers, stops one part (SIGSTOP) in the middle, lets it go on, and prints what came of
it, with a verdict in the last line. Ends with status 1 if anything that was accepted is missing, or
an answer was late; with 2 if this client itself was held up, so that nothing is shown either way.
"""

import argparse
import asyncio
import sys

from tests.support.onsale_up import Bus, OnsaleUp, data_directory
from tests.support.overload import Plan, Trial, overload

ANSWER_SECONDS_MAX = 2.0
# Whoever measures later than this measures its own machine.
CLIENT_LATE_SECONDS_MAX = 0.5
PASSED, FAILED, INCONCLUSIVE = 0, 1, 2
PARTS = ("postgres", "redis", "kafka")
SETTINGS = {"ONSALE_RATE_LIMITS": "off", "ONSALE_LOG_LEVEL": "warning"}


def main() -> None:
    """Run as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
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
        bus: Bus = "kafka" if options.stall == "kafka" else "redis"
        system = OnsaleUp(data, bus, environment=SETTINGS)
        try:
            system.start()
            print(
                f"{plan.rate:.0f} requests/s for {plan.seconds:.0f} s; {plan.stalled} stands still"
                f" after {plan.stall_from:.0f} s, for {plan.stall_seconds:.0f} s",
                flush=True,
            )
            trial = asyncio.run(overload(system, plan))
            system.stop()
        except AssertionError as error:
            print(f"FAILED: {error}")
            sys.exit(FAILED)
        finally:
            system.kill()
    _print(trial)
    status, verdict = judge(
        late_count=trial.late_count(ANSWER_SECONDS_MAX),
        client_late_seconds=trial.load.lateness_seconds_max,
    )
    print(verdict)
    sys.exit(status)


def judge(*, late_count: int, client_late_seconds: float) -> tuple[int, str]:
    """The exit status and what it means, once nothing that was accepted is missing."""
    if client_late_seconds > CLIENT_LATE_SECONDS_MAX:
        return INCONCLUSIVE, (
            f"inconclusive: this client itself was held up, by {client_late_seconds:.3f} s at most;"
            " run it on a machine that is less busy"
        )
    if late_count:
        return FAILED, (
            f"FAILED: {late_count:,} answers came later than {ANSWER_SECONDS_MAX:.0f} s,"
            " or not at all"
        )
    return PASSED, (
        f"passed: every answer came within {ANSWER_SECONDS_MAX:.0f} s,"
        " and what was accepted is there"
    )


def _print(trial: Trial) -> None:
    load, memory = trial.load, trial.memory.megabytes
    shares = (0.5, 0.99, 1.0)
    p50, p99, longest = (f"{load.latency_seconds(share):.3f} s" for share in shares)
    answers = ", ".join(f"{count:,} x {answer}" for answer, count in sorted(load.tally().items()))
    lines = {
        "offered": f"{len(load.outcomes):,}; {load.in_flight_count_max:,} at once at most",
        "answered": answers,
        "time to answer": f"p50 {p50}, p99 {p99}, longest {longest}",
        f"later than {ANSWER_SECONDS_MAX:.0f} s": f"{trial.late_count(ANSWER_SECONDS_MAX):,}",
        "late by itself": f"this client, by {load.lateness_seconds_max:.3f} s at most",
        "memory of the API": f"{memory[0]:.1f} MB at first, {max(memory):.1f} MB at most, "
        f"{memory[-1]:.1f} MB at the end",
        "recovered": f"{trial.recovery_seconds:.2f} s after it went on",
        "accepted": f"{len(trial.accepted):,}, each of them there in the end",
        "verify": trial.verification.strip(),
    }
    for name, value in lines.items():
        print(f"{name:<18} {value}")


if __name__ == "__main__":
    main()
