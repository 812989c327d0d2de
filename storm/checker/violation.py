"""What a check reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The kinds of violation."""

    LOST = "lost"
    DOUBLED = "doubled"
    STUCK = "stuck"
    UNREADABLE = "unreadable"
    CONTRADICTION = "contradiction"
    LATE = "late"
    # Nothing was violated, and nothing was shown either.
    EMPTY = "empty"
    UNRECOVERED = "unrecovered"


@dataclass(frozen=True, slots=True)
class Violation:
    """``invariant`` is its number in the list of invariants, 0 for none of them; ``operations`` are
    the numbers of the requests in the history that show it.
    """

    verdict: Verdict
    invariant: int
    sentence: str
    operations: Sequence[int] = ()
