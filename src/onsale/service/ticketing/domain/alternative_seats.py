"""Which seats to offer somebody who cannot have those that were asked for."""

import heapq
from collections.abc import Iterator, Sequence
from functools import lru_cache

from onsale.service.shared_kernel.seating import SeatState, SubsectionLayout
from onsale.service.shared_kernel.single_seats import leaves_single

ALTERNATIVES_MAX = 3
# In most halls it is about as far to the next row as to the seat after the next.
SEATS_LIKE_A_ROW = 2
# When a sale opens, very many ask for the same seats of the same state.
ANSWERS_REMEMBERED_MAX = 256

SeatGroups = tuple[tuple[str, ...], ...]
"""Groups of positions (``row-seat``)."""


@lru_cache(maxsize=ANSWERS_REMEMBERED_MAX)
def alternative_seats(
    layout: SubsectionLayout, states: bytes, asked: tuple[int, ...]
) -> SeatGroups:
    """At most three groups of as many adjacent available seats as were asked for, nearest first.

    Near is how far those who asked would have to move, all of them together, a row being as far as
    two seats; of groups that are equally near the frontmost comes first, then the leftmost. A group
    that leaves a single seat alone is offered only where each of them does. Seats that are set
    aside are offered to those alone who asked for such a seat. The asked seats themselves are no
    alternative.

    ``states`` has one byte (``SeatState``) per seat, row by row; ``asked`` are ascending indexes.
    """
    width, size = layout.seats_per_row, len(asked)
    offered = _offered(layout, states, asked)
    # Each as its distance and its first seat.
    good: list[tuple[int, int]] = []
    poor: list[tuple[int, int]] = []
    for least, row in _rows_by_distance(layout, asked):
        if len(good) == ALTERNATIVES_MAX and least > good[-1][0]:
            break
        for first in _places(offered[row * width : (row + 1) * width], row * width, size):
            block = range(first, first + size)
            if tuple(block) != asked:
                groups = poor if leaves_single(states, width, block) else good
                groups.append((_distance(block, asked, width), first))
        good, poor = (heapq.nsmallest(ALTERNATIVES_MAX, groups) for groups in (good, poor))
    return tuple(
        tuple(str(layout.position_at(index)) for index in range(first, first + size))
        for _, first in good or poor
    )


def _offered(layout: SubsectionLayout, states: bytes, asked: Sequence[int]) -> bytes:
    """The states, with what is not for whoever asked as if it were blocked."""
    set_aside = layout.set_aside
    if not set_aside.isdisjoint(asked):
        return states
    offered = bytearray(states)
    for index in set_aside:
        offered[index] = SeatState.BLOCKED
    return bytes(offered)


def _rows_by_distance(layout: SubsectionLayout, asked: Sequence[int]) -> list[tuple[int, int]]:
    """Each row from 0, after the least distance that a group in it can have; nearest first."""
    rows = [index // layout.seats_per_row for index in asked]
    return sorted(
        (SEATS_LIKE_A_ROW * sum(abs(row - each) for each in rows), row)
        for row in range(layout.rows)
    )


def _places(offered: bytes, row_start: int, size: int) -> Iterator[int]:
    """The first seat of each group that one row has room for."""
    block = bytes([SeatState.AVAILABLE]) * size
    place = offered.find(block)
    while place >= 0:
        yield row_start + place
        place = offered.find(block, place + 1)


def _distance(block: Sequence[int], asked: Sequence[int], width: int) -> int:
    moves = (
        (divmod(seat, width), divmod(wanted, width))
        for seat, wanted in zip(block, asked, strict=True)
    )
    return sum(SEATS_LIKE_A_ROW * abs(to[0] - here[0]) + abs(to[1] - here[1]) for to, here in moves)
