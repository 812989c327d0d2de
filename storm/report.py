"""The figures of a storm: as a table for people, as JSON for machines."""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from storm.checker.violation import Verdict
from storm.storm_round import RoundResult

VIOLATIONS_SHOWN_MAX = 40
STATUSES = ("completed", "cancelled", "failed", "pending_payment", "processing", "paid")
_COUNTED_APART = (
    Verdict.LOST,
    Verdict.DOUBLED,
    Verdict.STUCK,
    Verdict.LATE,
    Verdict.EMPTY,
    Verdict.UNRECOVERED,
)
_DIGITS = "-0123456789"


@dataclass(slots=True)
class Figures:
    """What one storm has shown; ``command`` runs it again."""

    seed: int
    bus: str
    command: str
    began_at: str
    rounds: int = 0
    seconds: float = 0.0
    requests: int = 0
    unanswered: int = 0
    bookings: int = 0
    messages: int = 0
    deliveries: int = 0
    faults: dict[str, dict[str, int]] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    recovery_seconds: dict[str, list[float]] = field(default_factory=dict)
    unrecovered: int = 0
    skipped: int = 0
    rest_seconds_max: float = 0.0
    waits: dict[str, float] = field(default_factory=dict)
    violations: list[dict[str, Any]] = field(default_factory=list)
    aborted: str | None = None

    @property
    def fault_count(self) -> int:
        """All faults of all kinds."""
        return sum(sum(kinds.values()) for kinds in self.faults.values())

    @property
    def is_clean(self) -> bool:
        """Whether nothing was violated, every fault was got over, and the storm came to its end."""
        return (
            self.aborted is None
            and self.rounds > 0
            and not self.violations
            and not self.unrecovered
        )

    def add(self, result: RoundResult) -> None:
        """Count a round in."""
        self.rounds += 1
        self.seconds += result.seconds
        self.requests += result.request_count
        self.unanswered += result.unanswered_count
        self.bookings += result.accepted_count
        self.messages += len(result.told)
        self.deliveries += result.told.total()
        self.rest_seconds_max = max(self.rest_seconds_max, result.rest_seconds)
        for name, seconds in result.waits.items():
            self.waits[name] = round(max(seconds, self.waits.get(name, 0.0)), 2)
        _count(self.statuses, result.statuses)
        _count(self.answers, result.answers)
        _count(self.verdicts, Counter(each.verdict.value for each in result.violations))
        self.skipped += len(result.skipped)
        for strike in result.strikes:
            victim = role_of(strike.fault.victim)
            kinds = self.faults.setdefault(victim, {})
            kinds[strike.fault.kind.value] = kinds.get(strike.fault.kind.value, 0) + 1
            if strike.recovery_seconds is None:
                self.unrecovered += 1
            else:
                self.recovery_seconds.setdefault(victim, []).append(
                    round(strike.recovery_seconds, 2)
                )
        self.violations += [
            {"round": result.number, **asdict(violation)} for violation in result.violations
        ]

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_figures(path: Path) -> Figures:
    """The inverse of :meth:`Figures.write`."""
    return Figures(**json.loads(path.read_text()))


def role_of(victim: str) -> str:
    """``ticketing`` of ``ticketing-2``: the kind of victim."""
    return victim.rstrip(_DIGITS)


def show(figures: Figures, out: Console) -> None:
    """The closing table."""
    for violation in figures.violations[:VIOLATIONS_SHOWN_MAX]:
        out.print(
            f"round {violation['round']}: {violation['verdict']} (invariant"
            f" {violation['invariant']}): {violation['sentence']}",
            highlight=False,
            markup=False,
        )
    out.print(_faults_table(figures))
    table = Table(title=f"storm, {figures.bus} bus, seed {figures.seed}", show_header=False)
    for name, value in summary(figures):
        table.add_row(name, value)
    out.print(table)
    if figures.aborted:
        out.print(f"aborted: {figures.aborted}", highlight=False, markup=False)
    out.print(f"again: {figures.command}", highlight=False, soft_wrap=True)


def summary(figures: Figures) -> list[tuple[str, str]]:
    """The figures by name, in the order in which they are shown."""
    verdicts = figures.verdicts
    others = sum(verdicts.values()) - sum(verdicts.get(each, 0) for each in _COUNTED_APART)
    return [
        ("rounds", f"{figures.rounds:,}"),
        ("faults", f"{figures.fault_count:,}"),
        ("requests", f"{figures.requests:,}, of which {figures.unanswered:,} got no answer"),
        ("bookings accepted", f"{figures.bookings:,}"),
        *(
            (f"  {status}", f"{figures.statuses[status]:,}")
            for status in STATUSES
            if figures.statuses.get(status)
        ),
        (
            "webhook messages received",
            f"{figures.messages:,}, in {figures.deliveries:,} deliveries",
        ),
        ("lost", str(verdicts.get(Verdict.LOST, 0))),
        ("doubled", str(verdicts.get(Verdict.DOUBLED, 0))),
        ("stuck", str(verdicts.get(Verdict.STUCK, 0))),
        ("unreadable or contradicting", str(others)),
        ("late", str(verdicts.get(Verdict.LATE, 0))),
        ("empty", str(verdicts.get(Verdict.EMPTY, 0))),
        ("unrecovered", str(figures.unrecovered)),
        ("longest wait for rest", f"{figures.rest_seconds_max:.1f} s"),
        *((f"longest wait {name}", f"{seconds:.1f} s") for name, seconds in figures.waits.items()),
        ("time in all", f"{figures.seconds:.0f} s"),
    ]


def fault_rows(figures: Figures) -> list[tuple[str, ...]]:
    """Victim, faults by kind, and time to recover: median and maximum."""
    rows = []
    for victim, kinds in sorted(figures.faults.items()):
        seconds: Sequence[float] = figures.recovery_seconds.get(victim, [])
        rows.append(
            (
                victim,
                *(str(kinds.get(kind, 0)) for kind in ("kill -9", "pause", "restart")),
                f"{statistics.median(seconds):.1f} s" if seconds else "",
                f"{max(seconds):.1f} s" if seconds else "",
            )
        )
    return rows


FAULT_COLUMNS = (
    "victim",
    "kill -9",
    "pause",
    "restart",
    "time to recover, median",
    "time to recover, max",
)


def _faults_table(figures: Figures) -> Table:
    table = Table(title="faults")
    for column in FAULT_COLUMNS:
        table.add_column(column)
    for row in fault_rows(figures):
        table.add_row(*row)
    return table


def _count(into: dict[str, int], counted: Counter[str]) -> None:
    total: Counter[str] = Counter(defaultdict(int, into))
    total.update(counted)
    into.clear()
    into.update(sorted(total.items()))
