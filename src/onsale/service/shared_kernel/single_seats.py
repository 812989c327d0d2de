"""When a choice of seats leaves another seat alone, and whether it had to.

A seat is alone if it is available and neither neighbour in its row is. The script of the seat store
applies the same rule; property tests hold both against the same oracle.
"""

from collections.abc import Collection, Sequence

from onsale.service.shared_kernel.seating import SeatState


def needless_singles(
    states: Sequence[int],
    seats_per_row: int,
    chosen: Collection[int],
    set_aside: Collection[int] = frozenset(),
) -> list[int]:
    """The seats that a choice would newly leave alone, ascending; none if it may be taken.

    It may where no other choice would do better: as many adjacent seats of the same run of
    available seats, which leave none alone. Seats that are set aside count as another choice for
    those alone who chose such a seat.

    ``states`` has one ``SeatState`` value per seat, row by row; the ``chosen`` are available.
    """
    singles = _left_alone(states, seats_per_row, frozenset(chosen))
    withheld = () if any(seat in set_aside for seat in chosen) else set_aside
    for single in singles:
        first, last = _run_around(states, seats_per_row, single)
        for start in range(first, last - len(chosen) + 2):
            block = range(start, start + len(chosen))
            if not leaves_single(states, seats_per_row, block) and not any(
                seat in withheld for seat in block
            ):
                return singles
    return []


def leaves_single(states: Sequence[int], seats_per_row: int, block: range) -> bool:
    """Whether adjacent available seats of one row, once taken, leave a neighbour alone."""
    row_start = block.start - block.start % seats_per_row
    row_end = row_start + seats_per_row

    def is_free(seat: int) -> bool:
        return row_start <= seat < row_end and states[seat] == SeatState.AVAILABLE

    left, right = block.start - 1, block.stop
    return (is_free(left) and not is_free(left - 1)) or (is_free(right) and not is_free(right + 1))


def _left_alone(states: Sequence[int], seats_per_row: int, chosen: Collection[int]) -> list[int]:
    def is_left(seat: int, beside: int) -> bool:
        return (
            0 <= seat < len(states)
            and seat // seats_per_row == beside // seats_per_row
            and states[seat] == SeatState.AVAILABLE
            and seat not in chosen
        )

    beside_chosen = {
        seat for each in chosen for seat in (each - 1, each + 1) if is_left(seat, each)
    }
    return sorted(
        seat
        for seat in beside_chosen
        if not is_left(seat - 1, seat) and not is_left(seat + 1, seat)
    )


def _run_around(states: Sequence[int], seats_per_row: int, seat: int) -> tuple[int, int]:
    row_start = seat - seat % seats_per_row
    first = last = seat
    while first > row_start and states[first - 1] == SeatState.AVAILABLE:
        first -= 1
    while last + 1 < row_start + seats_per_row and states[last + 1] == SeatState.AVAILABLE:
        last += 1
    return first, last
