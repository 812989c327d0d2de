"""Whether a round shows anything: a system that sells nothing breaks no promise either."""

from collections.abc import Iterator, Mapping, Sequence

from storm.checker.violation import Verdict, Violation
from storm.faults import Strike

BOOKING_COUNT_MIN = 50
# Where the time for buying ran out; the pulse alone books several a second.
BOOKINGS_PER_SECOND_MIN = 1.0


def bookings_due(asked_for: int, buying_seconds_max: float) -> int:
    """How many bookings a round must at least have accepted.

    Half of what was asked for, or less if the time was too short for that; fifty in any case,
    unless even fewer were asked for.
    """
    in_time = min(asked_for // 2, int(buying_seconds_max * BOOKINGS_PER_SECOND_MIN))
    return min(asked_for, max(BOOKING_COUNT_MIN, in_time))


def shortcomings(
    accepted_count: int,
    due_count: int,
    statuses: Mapping[str, int],
    strikes: Sequence[Strike],
    *,
    let_in_count: int,
) -> Iterator[Violation]:
    """Why the round proves nothing, and from which faults the system never recovered."""
    if accepted_count < due_count:
        yield Violation(
            Verdict.EMPTY,
            0,
            f"{accepted_count} bookings were accepted, and at least {due_count} were due",
        )
    if not statuses.get("completed"):
        yield Violation(Verdict.EMPTY, 0, "no booking was completed")
    elif not let_in_count:
        yield Violation(Verdict.EMPTY, 0, "nobody was let in at any door")
    for strike in strikes:
        if strike.recovered_at is None:
            yield Violation(
                Verdict.UNRECOVERED,
                0,
                f"after the {strike.fault.kind} of {strike.fault.victim} at"
                f" {strike.struck_at:.1f} s not every lane of the pulse sold again",
            )
