"""A history and a final state, arranged so that checks can ask for what they need."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storm.final_state import BookingRow, FinalState
from storm.history import OK, Operation

SHOWING = frozenset({"book", "read", "final read", "pay", "cancel"})


@dataclass(frozen=True, slots=True)
class Sighting:
    """A client was shown this status; it held at some moment between the two times."""

    booking_id: str
    status: str
    seats: tuple[str, ...] | None
    total_price: int | None
    sent_at: float
    answered_at: float
    operation: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """``promised`` are the operations that were answered 202, by booking; ``began_at`` is the wall
    clock's time of the history's second zero.
    """

    operations: Sequence[Operation]
    state: FinalState
    began_at: datetime
    rows: Mapping[str, BookingRow] = field(init=False)
    promised: Mapping[str, list[Operation]] = field(init=False)
    sightings: Mapping[str, list[Sighting]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {row.id: row for row in self.state.bookings})
        promised: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            if operation.accepted_id is not None:
                promised[operation.accepted_id].append(operation)
        object.__setattr__(self, "promised", promised)
        sightings: dict[str, list[Sighting]] = defaultdict(list)
        for sighting in _sightings(self.operations):
            sightings[sighting.booking_id].append(sighting)
        for seen in sightings.values():
            seen.sort(key=lambda sighting: sighting.answered_at)
        object.__setattr__(self, "sightings", sightings)

    def wall_clock(self, seconds: float) -> datetime:
        """The time of day of a moment of the history."""
        return self.began_at + timedelta(seconds=seconds)

    def of_kind(self, *kinds: str) -> Iterator[Operation]:
        """The operations of these kinds, in the order in which they were sent."""
        return (operation for operation in self.operations if operation.kind in kinds)


def _sightings(operations: Sequence[Operation]) -> Iterator[Sighting]:
    for operation in operations:
        status = operation.body.get("status")
        if (
            operation.kind not in SHOWING
            or operation.status not in (OK, 202)
            or operation.answered_at is None
            or not isinstance(status, str)
        ):
            continue
        body = operation.body
        seats = body.get("seat_positions")
        yield Sighting(
            booking_id=str(body.get("id", operation.booking_id)),
            status=status,
            seats=None if seats is None else tuple(seats),
            total_price=body.get("total_price"),
            sent_at=operation.sent_at,
            answered_at=operation.answered_at,
            operation=operation.number,
        )
