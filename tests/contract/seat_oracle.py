"""The rules of choosing seats by brute force: every block there is, and then the best of them."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet


def oracle(
    states: Sequence[int],
    seats_per_row: int,
    quantity: int,
    *,
    rows: tuple[int, int] = (1, 10_000),
    set_aside: AbstractSet[int] = frozenset(),
) -> list[int] | None:
    """The seats that the rule gives, ascending; ``None`` when there are not enough. Only ``rows``
    are on offer, without the seats that are set aside.
    """
    free = _free(states)
    offered = {seat for seat in free - set_aside if _row(seat, seats_per_row) in range_of(rows)}
    if len(offered) < quantity:
        return None
    chosen: set[int] = set()
    while len(chosen) < quantity:
        block = _best(free, offered, seats_per_row, quantity - len(chosen))
        chosen |= block
        free -= block
        offered -= block
    return sorted(chosen)


def accessible_oracle(
    states: Sequence[int],
    seats_per_row: int,
    quantity: int,
    wanted: int,
    *,
    rows: tuple[int, int],
    accessible: AbstractSet[int],
    companion: AbstractSet[int],
) -> list[int] | None:
    """The same where ``wanted`` seats must be accessible ones."""
    set_aside = accessible | companion
    found = [
        ((_row(min(block), seats_per_row), len(block & set_aside), min(block)), block)
        for block in _blocks(_free(states), seats_per_row, quantity)
        if len(block & accessible) >= wanted and _row(min(block), seats_per_row) in range_of(rows)
    ]
    return sorted(min(found)[1]) if found else None


def orphan_oracle(
    states: Sequence[int],
    seats_per_row: int,
    chosen: AbstractSet[int],
    set_aside: AbstractSet[int] = frozenset(),
) -> list[int]:
    """The seats that a choice leaves alone, ascending, if it must not; none if it may be taken."""
    free = _free(states)
    singles = newly_alone(free, chosen, seats_per_row)
    withheld = frozenset[int]() if chosen & set_aside else set_aside
    for single in singles:
        run = {single}
        while wider := {s for s in free if not run.isdisjoint(_beside(s, seats_per_row))} - run:
            run |= wider
        for block in _blocks(run - withheld, seats_per_row, len(chosen)):
            if not newly_alone(free, block, seats_per_row):
                return sorted(singles)
    return []


def newly_alone(free: AbstractSet[int], chosen: AbstractSet[int], seats_per_row: int) -> set[int]:
    """Seats that have no free neighbour once these are taken, and had one before."""

    def alone(seats: AbstractSet[int]) -> set[int]:
        return {seat for seat in seats if not _beside(seat, seats_per_row) & seats}

    return alone(free - chosen) - alone(free)


def range_of(rows: tuple[int, int]) -> range:
    first, last = rows
    return range(first, last + 1)


def _free(states: Sequence[int]) -> set[int]:
    return {index for index, state in enumerate(states) if state == 0}


def _row(seat: int, seats_per_row: int) -> int:
    return seat // seats_per_row + 1


def _beside(seat: int, seats_per_row: int) -> set[int]:
    return {each for each in (seat - 1, seat + 1) if each // seats_per_row == seat // seats_per_row}


def _blocks(free: AbstractSet[int], seats_per_row: int, size: int) -> Iterator[set[int]]:
    for first in free:
        block = set(range(first, first + size))
        if block <= free and len({_row(seat, seats_per_row) for seat in block}) == 1:
            yield block


def _best(free: set[int], offered: set[int], seats_per_row: int, size_max: int) -> set[int]:
    blocks = []
    for first in offered:
        row = first // seats_per_row
        for size in range(1, size_max + 1):
            block = set(range(first, first + size))
            if block <= offered and {seat // seats_per_row for seat in block} == {row}:
                lone = _leaves_one_alone(free - block, block, seats_per_row)
                blocks.append(((-size, row, lone, first), block))
    _, best = min(blocks)
    return best


def _leaves_one_alone(free: set[int], block: set[int], seats_per_row: int) -> bool:
    """Whether a seat beside the block is free and has no free neighbour of its own."""

    def is_free(seat: int, beside: int) -> bool:
        return seat in free and seat // seats_per_row == beside // seats_per_row

    left, right = min(block) - 1, max(block) + 1
    left_alone = is_free(left, left + 1) and not is_free(left - 1, left)
    right_alone = is_free(right, right - 1) and not is_free(right + 1, right)
    return left_alone or right_alone
