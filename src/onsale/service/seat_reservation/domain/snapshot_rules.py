"""What a ledger's snapshot must be like before it may replace the state of an event's seats."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from onsale.service.shared_kernel.seat_snapshot import (
    InconsistentSnapshotError,
    SubsectionSnapshot,
)
from onsale.service.shared_kernel.seating import (
    SEATS_PER_EVENT_MAX,
    SEATS_PER_SUBSECTION_MAX,
    SeatState,
)

_SHAPES_REMEMBERED_MAX = 16


@lru_cache(maxsize=_SHAPES_REMEMBERED_MAX)
def seat_indexes(rows: int, seats_per_row: int) -> Mapping[str, int]:
    """Every position (``row-seat``) of a rectangle with its index, row by row from 0.

    A table, because a full event has a million positions to look up and few shapes.
    """
    seats = range(1, seats_per_row + 1)
    texts = (f"{row}-{seat}" for row in range(1, rows + 1) for seat in seats)
    return {text: index for index, text in enumerate(texts)}


def reject_inconsistent(subsections: Sequence[SubsectionSnapshot]) -> None:
    """Check sizes, states, and that each held seat exists, is taken, and is held once.

    Raises:
        InconsistentSnapshotError: naming the subsection, and the booking if one is to blame.
    """
    names = {(each.layout.section, each.layout.subsection) for each in subsections}
    if len(names) != len(subsections):
        raise InconsistentSnapshotError("a subsection stands in the snapshot twice")
    if sum(each.layout.seat_count for each in subsections) > SEATS_PER_EVENT_MAX:
        raise InconsistentSnapshotError(f"more than {SEATS_PER_EVENT_MAX} seats")
    for each in subsections:
        _reject_bad_states(each)
        _reject_bad_holds(each)


def _name(snapshot: SubsectionSnapshot) -> str:
    return f"{snapshot.layout.section}-{snapshot.layout.subsection}"


def _reject_bad_states(snapshot: SubsectionSnapshot) -> None:
    layout = snapshot.layout
    if layout.rows < 1 or layout.seats_per_row < 1:
        raise InconsistentSnapshotError(f"{_name(snapshot)} has no seats")
    if layout.seat_count > SEATS_PER_SUBSECTION_MAX:
        raise InconsistentSnapshotError(
            f"{_name(snapshot)} has more than {SEATS_PER_SUBSECTION_MAX} seats"
        )
    if len(snapshot.states) != layout.seat_count:
        raise InconsistentSnapshotError(
            f"{_name(snapshot)} has {layout.seat_count} seats but {len(snapshot.states)} states"
        )
    if max(snapshot.states) > max(SeatState):
        raise InconsistentSnapshotError(f"{_name(snapshot)} has a state that there is not")


def _reject_bad_holds(snapshot: SubsectionSnapshot) -> None:
    if not snapshot.holds:
        return
    index_of = seat_indexes(snapshot.layout.rows, snapshot.layout.seats_per_row)
    holdable = [state in (SeatState.RESERVED, SeatState.SOLD) for state in range(len(SeatState))]
    # Each held seat is struck off, so the second booking that claims it finds it gone.
    unclaimed = [holdable[state] for state in snapshot.states]
    for hold in snapshot.holds:
        for position in hold.positions:
            index = index_of.get(position)
            if index is None or not unclaimed[index]:
                raise InconsistentSnapshotError(
                    f"booking {hold.booking_id} claims {_name(snapshot)} {position}, which does "
                    "not exist, is not taken, or is another booking's"
                )
            unclaimed[index] = False
