"""What drills print."""

from collections.abc import Sequence

from rich.console import Console

from drills.judged import Judged
from drills.restoring import Restored
from drills.rolling import Rolled
from drills.upgrading import Upgraded
from storm.checker.violation import Violation

VIOLATIONS_SHOWN_MAX = 50


def tell_rolled(rolled: Rolled, out: Console) -> bool:
    """Print what came of it; whether nothing was violated."""
    out.print()
    for step in rolled.steps:
        out.print(
            f"{step.began_at:7.1f} s  {step.name:32} ready again after {step.seconds:5.1f} s",
            markup=False,
        )
    return tell_judged(rolled.judged, out)


def tell_judged(judged: Judged, out: Console) -> bool:
    """Print verdicts and gaps; whether nothing was violated."""
    statuses = ", ".join(f"{count:,} {status}" for status, count in sorted(judged.statuses.items()))
    lines = [
        "",
        f"bookings accepted: {judged.accepted_count:,} ({statuses})",
        f"messages to the seller's webhook: {_count_or_not_judged(judged.told_count)}",
        f"requests without an answer, which were repeated: {judged.unanswered_count:,}",
        *(
            f"longest time in which no booking was {what}: {gap.seconds:.1f} s, from"
            f" {gap.began_at:.1f} s on"
            for what, gap in judged.gaps.items()
        ),
        f"onsale verify: {judged.verify_output.strip().splitlines()[-1]}",
        *_violation_lines(judged.violations),
    ]
    out.print("\n".join(lines), markup=False)
    return not judged.violations


def tell_upgraded(upgraded: Upgraded, out: Console) -> bool:
    """Print what each kind of code sold; whether nothing was violated and all of them sold."""
    out.print(
        f"\nfrom {upgraded.revision[:12]}, schema {upgraded.old_schema}, to this code, schema"
        f" {upgraded.new_schema}; bookings accepted:",
        markup=False,
    )
    for phase in upgraded.phases:
        counts = ", ".join(f"{count:,} by {code} code" for code, count in phase.accepted.items())
        out.print(f"  {phase.name:28} {phase.seconds:6.1f} s  {counts}", markup=False)
    all_sold = all(count for phase in upgraded.phases for count in phase.accepted.values())
    if not all_sold:
        out.print("code that ran has sold nothing: this shows nothing")
    return tell_judged(upgraded.judged, out) and all_sold


def tell_restored(restored: Restored, out: Console) -> bool:
    """Print what was lost by design and how long it took; whether nothing else was."""
    strays, accepted = restored.strays, restored.accepted
    lines = [
        "",
        *(f"{seconds:7.1f} s  {name}" for name, seconds in restored.seconds.items()),
        "",
        f"bookings accepted until PostgreSQL was lost: {accepted.total:,}, of them",
        f"  answered before the point, and kept: {len(accepted.kept):,}",
        f"  answered before the point, and gone: {len(accepted.gone):,}",
        f"  answered after the point, and kept, as stored before: {len(accepted.stored_before):,}",
        f"  answered after the point, and lost by design: {len(accepted.lost):,}",
        f"seats that buyers of lost ones were told of, others' now: {restored.sold_again:,}",
        f"payments without a booking: {strays.due:,}, {strays.cents / 100:,.2f} in all",
        f"  found in the gateway's list, to be handed back by a person: {strays.found:,}",
        f"onsale verify: {restored.verify_output.strip().splitlines()[-1]}",
        *restored.faults[:VIOLATIONS_SHOWN_MAX],
        *_violation_lines(restored.violations),
    ]
    out.print("\n".join(lines), markup=False)
    return not restored.violations and not restored.faults


def _count_or_not_judged(count: int | None) -> str:
    return "not judged, nobody listened" if count is None else f"{count:,}"


def _violation_lines(violations: Sequence[Violation]) -> Sequence[str]:
    shown = violations[:VIOLATIONS_SHOWN_MAX]
    return [
        *(f"{violation.verdict.value}: {violation.sentence}" for violation in shown),
        f"lost, sold twice, contradicting: {len(violations)}",
    ]
