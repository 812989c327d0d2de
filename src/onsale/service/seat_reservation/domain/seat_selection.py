"""The best-available rule, written to be read.

The script of the seat store applies the same rule to bits, with less to look at for each booking.
Property tests hold both against the same oracle.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from onsale.service.shared_kernel.seat_rules import SeatRules, indexes_in
from onsale.service.shared_kernel.seating import SeatState
from onsale.service.shared_kernel.single_seats import leaves_single


@dataclass(frozen=True, slots=True)
class _FreeRun:
    """Adjacent available seats of one row; ``first`` is the index of the leftmost."""

    row: int
    first: int
    length: int


def choose_best_available(
    states: Sequence[int], seats_per_row: int, quantity: int, rules: SeatRules | None = None
) -> list[int] | None:
    """The seats to give, as ascending indexes; ``None`` if there are not ``quantity`` to be had.

    The largest block that is still wanted and fits in one row is placed, again and again until all
    seats are chosen. So seats are adjacent wherever a row has room for all of them, and otherwise
    come in the largest groups that there are. Each block goes to the frontmost row that has room,
    in there to the place that leaves no single seat alone, in doubt to the leftmost.

    By ``rules`` only some rows may be offered, and seats that are set aside are not, though they
    still keep a neighbour from being alone. Where accessible seats are wanted another rule holds:
    see ``_choose_accessible``.

    ``states`` has one ``SeatState`` value per seat, row by row from the front.
    """
    rules = rules or SeatRules()
    offered = _offered_rows(len(states), seats_per_row, rules)
    if rules.accessible_seats:
        return _choose_accessible(states, seats_per_row, quantity, rules, offered)
    set_aside = {*indexes_in(rules.accessible), *indexes_in(rules.companion)}
    left = list(states)
    if sum(_is_free(left, seat, set_aside) for seat in offered) < quantity:
        return None
    chosen: list[int] = []
    while len(chosen) < quantity:
        runs = list(_free_runs(left, seats_per_row, offered, set_aside))
        block = _best_block(left, seats_per_row, runs, quantity - len(chosen))
        for index in block:
            left[index] = SeatState.RESERVED
        chosen.extend(block)
    return sorted(chosen)


def _choose_accessible(
    states: Sequence[int], seats_per_row: int, quantity: int, rules: SeatRules, offered: range
) -> list[int] | None:
    """Adjacent seats of one row with so many accessible ones among them: the frontmost row that has
    them, in there those with the fewest accessible and companion seats, in doubt the leftmost.
    """
    accessible = set(indexes_in(rules.accessible))
    set_aside = accessible.union(indexes_in(rules.companion))
    places = [
        (run.row, sum(seat in set_aside for seat in block), block.start)
        for run in _free_runs(states, seats_per_row, offered, ())
        for block in _blocks(run, quantity)
        if sum(seat in accessible for seat in block) >= rules.accessible_seats
    ]
    if not places:
        return None
    *_, first = min(places)
    return list(range(first, first + quantity))


def _offered_rows(seat_count: int, seats_per_row: int, rules: SeatRules) -> range:
    """The indexes of the rows in which may be chosen."""
    if rules.rows is None:
        return range(seat_count)
    first, last = rules.rows
    return range((first - 1) * seats_per_row, min(last * seats_per_row, seat_count))


def _best_block(
    states: Sequence[int], seats_per_row: int, runs: Sequence[_FreeRun], wanted: int
) -> range:
    size = min(wanted, max(run.length for run in runs))
    fitting = [run for run in runs if run.length >= size]
    front_row = fitting[0].row
    places = [
        (leaves_single(states, seats_per_row, block), block.start)
        for run in fitting
        if run.row == front_row
        for block in _blocks(run, size)
    ]
    _, first = min(places)
    return range(first, first + size)


def _blocks(run: _FreeRun, size: int) -> Iterator[range]:
    for first in range(run.first, run.first + run.length - size + 1):
        yield range(first, first + size)


def _is_free(states: Sequence[int], seat: int, withheld: Collection[int]) -> bool:
    return states[seat] == SeatState.AVAILABLE and seat not in withheld


def _free_runs(
    states: Sequence[int], seats_per_row: int, offered: range, withheld: Collection[int]
) -> Iterator[_FreeRun]:
    for row_start in offered[::seats_per_row]:
        in_row = range(row_start, row_start + seats_per_row)
        for is_free, group in groupby(in_row, key=lambda seat: _is_free(states, seat, withheld)):
            indexes = list(group)
            if is_free:
                yield _FreeRun(row_start // seats_per_row, indexes[0], len(indexes))
