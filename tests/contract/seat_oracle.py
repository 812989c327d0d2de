"""The best-available rule by brute force: every block there is, and then the best of them."""

from collections.abc import Sequence


def oracle(states: Sequence[int], seats_per_row: int, quantity: int) -> list[int] | None:
    """The seats that the rule gives, ascending; ``None`` when there are not enough."""
    free = {index for index, state in enumerate(states) if state == 0}
    if len(free) < quantity:
        return None
    chosen: set[int] = set()
    while len(chosen) < quantity:
        block = _best(free, seats_per_row, quantity - len(chosen))
        chosen |= block
        free -= block
    return sorted(chosen)


def _best(free: set[int], seats_per_row: int, size_max: int) -> set[int]:
    blocks = []
    for first in free:
        row = first // seats_per_row
        for size in range(1, size_max + 1):
            block = set(range(first, first + size))
            if block <= free and {seat // seats_per_row for seat in block} == {row}:
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
