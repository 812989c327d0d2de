"""What differs between one look at the ledger and one at the seat store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onsale.service.shared_kernel.seat_snapshot import SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SeatState, SubsectionLayout
from onsale.service.ticketing.app.interface.i_drift_watch import LedgerLook, Place

SEATS_NAMED_MAX = 20
_NONE = SeatCounts(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class SeatDrift:
    """A difference in one subsection, and how many seats it concerns."""

    where: Place
    what: str
    seat_count: int


def compare_counts(
    look: LedgerLook,
    stored: Sequence[SubsectionStates | None],
    counters: Mapping[Place, SeatCounts],
) -> Iterator[SeatDrift]:
    """Presence, epoch and counts of every subsection in which nothing is under way.

    ``stored`` is in the order of the look's layouts; ``counters`` is what the store has counted.
    """
    for layout, states in zip(look.layouts, stored, strict=True):
        where = (layout.section, layout.subsection)
        if states is None:
            yield SeatDrift(where, "is not in the seat store", layout.seat_count)
        elif (states.epoch, states.rows, states.seats_per_row) != (
            look.epoch,
            layout.rows,
            layout.seats_per_row,
        ):
            yield SeatDrift(where, f"is of epoch {states.epoch}", layout.seat_count)
        elif where not in look.busy:
            ledger = look.tickets.get(where, _NONE)
            counted = SeatCounts(*(states.states.count(state) for state in SeatState))
            if counted != ledger:
                what = f"counts {_text(counted)} seats and {_text(ledger)} tickets"
                yield SeatDrift(where, what, _distance(counted, ledger))
            elif (counter := counters.get(where)) != counted:
                what = f"has counted {_text(counter or _NONE)} of {_text(counted)} seats"
                yield SeatDrift(where, what, 0)


def compare_seats(
    look: LedgerLook,
    window: Sequence[tuple[SubsectionLayout, SubsectionStates | None]],
    ledger: Sequence[bytes],
) -> Iterator[SeatDrift]:
    """Seat by seat, for subsections whose counts agree; ``ledger`` is in the window's order."""
    for (layout, states), ours in zip(window, ledger, strict=True):
        where = (layout.section, layout.subsection)
        if states is None or where in look.busy or len(ours) != len(states.states):
            continue
        if ours != states.states:
            differing = [
                index
                for index, pair in enumerate(zip(ours, states.states, strict=True))
                if pair[0] != pair[1]
            ]
            named = ", ".join(str(layout.position_at(at)) for at in differing[:SEATS_NAMED_MAX])
            yield SeatDrift(where, f"differs at {named}", len(differing))


def contradictions(look: LedgerLook) -> list[Place]:
    """Subsections whose tickets are not what the bookings say."""
    return [
        (layout.section, layout.subsection)
        for layout in look.layouts
        if look.live.get((layout.section, layout.subsection), (0, 0)) != _taken(look, layout)
    ]


def _taken(look: LedgerLook, layout: SubsectionLayout) -> tuple[int, int]:
    counts = look.tickets.get((layout.section, layout.subsection), _NONE)
    return counts.reserved, counts.sold


def _distance(one: SeatCounts, other: SeatCounts) -> int:
    """How many seats are at least in another state."""
    moved = (
        abs(one.available - other.available)
        + abs(one.reserved - other.reserved)
        + abs(one.sold - other.sold)
        + abs(one.blocked - other.blocked)
    )
    return moved // 2


def _text(counts: SeatCounts) -> str:
    return f"{counts.available}/{counts.reserved}/{counts.sold}/{counts.blocked}"
