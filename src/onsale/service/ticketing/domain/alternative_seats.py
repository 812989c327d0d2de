"""Which seats to offer somebody who cannot have those that were asked for."""

import heapq
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from onsale.service.shared_kernel.seating import SeatState, SubsectionLayout

ALTERNATIVES_MAX = 3
# In most halls it is about as far to the next row as to the seat after the next.
SEATS_LIKE_A_ROW = 2
# When a sale opens, very many ask for the same seats of the same state.
ANSWERS_REMEMBERED_MAX = 256

SeatGroups = tuple[tuple[str, ...], ...]
"""Groups of positions (``row-seat``)."""

# Anybody may ask, and of a hall of any shape, so nothing is done seat by seat that can be done for
# a row at once: places are found in its text, of one character a seat and two of what lies beyond.
_TO_TEXT = b"." + b"x" * 255
_BEYOND = b"xx"
# A free seat beside the group needs another one behind it; or it would be left alone.
_GOOD_PLACE = rb"(?<!x\.)(?=\.{%d}(?!\.x))"
_ANY_PLACE = rb"(?=\.{%d})"


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
    size = len(asked)
    if size > layout.seats_per_row:
        return ()
    groups = _nearest(layout, states, asked, _GOOD_PLACE)
    groups = groups or _nearest(layout, states, asked, _ANY_PLACE)
    return tuple(
        tuple(str(layout.position_at(index)) for index in range(first, first + size))
        for first in groups
    )


def _nearest(
    layout: SubsectionLayout, states: bytes, asked: tuple[int, ...], place: bytes
) -> Sequence[int]:
    """The first seats of the nearest groups at such places."""
    width, size = layout.seats_per_row, len(asked)
    pattern, text = re.compile(place % size), states.translate(_TO_TEXT)
    offered, group = _offered(layout, states, asked), bytes([SeatState.AVAILABLE]) * size
    asked_first = asked[0] if asked == tuple(range(asked[0], asked[0] + size)) else None
    along_a_row = _distances_along_a_row(layout, asked)
    # Each as its distance and its first seat.
    nearest: list[tuple[int, int]] = []
    for to_the_row, row in _rows_by_distance(layout, asked):
        if len(nearest) == ALTERNATIVES_MAX and to_the_row > nearest[-1][0]:
            break
        start = row * width
        for found in pattern.finditer(_BEYOND + text[start : start + width] + _BEYOND):
            column = found.start() - len(_BEYOND)
            first = start + column
            if first != asked_first and offered.startswith(group, first):
                nearest.append((to_the_row + along_a_row[column], first))
        nearest = heapq.nsmallest(ALTERNATIVES_MAX, nearest)
    return [first for _, first in nearest]


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


def _distances_along_a_row(layout: SubsectionLayout, asked: Sequence[int]) -> list[int]:
    """How far it is to a group that begins at each seat of a row, were it the row of each."""
    # From where on to begin means that this seat of the group lies right of the asked one.
    turns = sorted(index % layout.seats_per_row - place for place, index in enumerate(asked))
    distances = [sum(map(abs, turns))]
    for column in range(layout.seats_per_row - len(asked)):
        distances.append(distances[-1] + 2 * bisect_right(turns, column) - len(asked))
    return distances
