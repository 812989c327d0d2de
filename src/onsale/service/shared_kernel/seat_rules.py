"""What the choice of a booking's seats must heed besides which of them are free."""

from collections.abc import Iterable

import msgspec

IndexRun = tuple[int, int]
"""The first and the last of adjacent indexes."""


class SeatRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Travels with a reserve, so that the seat store need not know the hall.

    ``rows`` are the first and the last row (from 1) in which best available may choose.
    ``accessible`` and ``companion`` are the seats that are set aside, as runs of indexes in
    ascending order; best available gives none of them unless ``accessible_seats``, the least number
    of accessible seats among those chosen, is more than 0. ``leave_no_single_seats`` refuses seats
    that were named and leave another alone without need.
    """

    rows: tuple[int, int] | None = None
    accessible: tuple[IndexRun, ...] = ()
    companion: tuple[IndexRun, ...] = ()
    accessible_seats: int = 0
    leave_no_single_seats: bool = False


def index_runs(indexes: Iterable[int]) -> tuple[IndexRun, ...]:
    """Ascending indexes, those that are adjacent taken together."""
    runs: list[IndexRun] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return tuple(runs)


def indexes_in(runs: Iterable[IndexRun]) -> Iterable[int]:
    """The inverse of :func:`index_runs`."""
    return (index for first, last in runs for index in range(first, last + 1))
