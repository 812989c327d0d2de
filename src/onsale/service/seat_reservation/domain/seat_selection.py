"""The best-available rule, written to be read.

The script of the seat store applies the same rule to bits, with less to look at for each booking.
Property tests hold both against the same oracle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from onsale.service.shared_kernel.seating import SeatState


@dataclass(frozen=True, slots=True)
class _FreeRun:
    """Adjacent available seats of one row; ``first`` is the index of the leftmost."""

    row: int
    first: int
    length: int


def choose_best_available(
    states: Sequence[int], seats_per_row: int, quantity: int
) -> list[int] | None:
    """The seats to give, as ascending indexes; ``None`` if fewer than ``quantity`` are available.

    The largest block that is still wanted and fits in one row is placed, again and again until all
    seats are chosen. So seats are adjacent wherever a row has room for all of them, and otherwise
    come in the largest groups that there are. Each block goes to the frontmost row that has room,
    in there to the place that leaves no single seat alone, in doubt to the leftmost.

    ``states`` has one ``SeatState`` value per seat, row by row from the front.
    """
    left = list(states)
    if left.count(SeatState.AVAILABLE) < quantity:
        return None
    chosen: list[int] = []
    while len(chosen) < quantity:
        block = _best_block(left, seats_per_row, quantity - len(chosen))
        for index in block:
            left[index] = SeatState.RESERVED
        chosen.extend(block)
    return sorted(chosen)


def _best_block(states: Sequence[int], seats_per_row: int, wanted: int) -> range:
    runs = list(_free_runs(states, seats_per_row))
    size = min(wanted, max(run.length for run in runs))
    fitting = [run for run in runs if run.length >= size]
    front_row = fitting[0].row
    places = [
        (_leaves_a_seat_alone(run, offset, size), run.first + offset)
        for run in fitting
        if run.row == front_row
        for offset in range(run.length - size + 1)
    ]
    _, first = min(places)
    return range(first, first + size)


def _leaves_a_seat_alone(run: _FreeRun, offset: int, size: int) -> bool:
    return offset == 1 or run.length - size - offset == 1


def _free_runs(states: Sequence[int], seats_per_row: int) -> Iterator[_FreeRun]:
    for row, row_start in enumerate(range(0, len(states), seats_per_row)):
        in_row = range(row_start, row_start + seats_per_row)
        for state, group in groupby(in_row, key=states.__getitem__):
            indexes = list(group)
            if state == SeatState.AVAILABLE:
                yield _FreeRun(row, indexes[0], len(indexes))
