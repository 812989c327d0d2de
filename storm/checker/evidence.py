"""A history and a final state, arranged so that checks can ask for what they need."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storm.checker.calm import Span, moment_after, seconds_outside
from storm.final_state import BookingRow, FinalState
from storm.history import OK, JsonObject, Operation

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
    """``by_booking`` are all operations on each booking, and ``promised`` those that were answered
    202; ``began_at`` is the wall clock's time of the history's second zero. Nothing is late within
    ``outages``.
    """

    operations: Sequence[Operation]
    state: FinalState
    began_at: datetime
    outages: Sequence[Span] = ()
    rows: Mapping[str, BookingRow] = field(init=False)
    promised: Mapping[str, list[Operation]] = field(init=False)
    by_booking: Mapping[str, list[Operation]] = field(init=False)
    sightings: Mapping[str, list[Sighting]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {row.id: row for row in self.state.bookings})
        promised: dict[str, list[Operation]] = defaultdict(list)
        by_booking: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            if operation.booking_id is not None:
                by_booking[operation.booking_id].append(operation)
            if operation.accepted_id is not None:
                promised[operation.accepted_id].append(operation)
        object.__setattr__(self, "promised", promised)
        object.__setattr__(self, "by_booking", by_booking)
        sightings: dict[str, list[Sighting]] = defaultdict(list)
        for sighting in _sightings(self.operations):
            sightings[sighting.booking_id].append(sighting)
        for seen in sightings.values():
            seen.sort(key=lambda sighting: sighting.answered_at)
        object.__setattr__(self, "sightings", sightings)

    @property
    def ended_at(self) -> float:
        """The last moment of the history; the final state is read after it."""
        return max((each.answered_at or each.sent_at for each in self.operations), default=0.0)

    def wall_clock(self, seconds: float) -> datetime:
        """The time of day of a moment of the history."""
        return self.began_at + timedelta(seconds=seconds)

    def second(self, moment: datetime) -> float:
        """The inverse of :meth:`wall_clock`."""
        return (moment - self.began_at).total_seconds()

    def calm_seconds(self, begin: float, end: float, *excuses: Span) -> float:
        """How long of this time neither an outage nor one of the excuses was in the way."""
        return seconds_outside(begin, end, (*self.outages, *excuses))

    def is_calm(self, moment: float) -> bool:
        """Whether no outage was under way."""
        return not any(each.began_at <= moment < each.over_at for each in self.outages)

    def moment_after(self, begin: float, calm_seconds: float) -> float:
        """When so much time without an outage has passed."""
        return moment_after(begin, calm_seconds, self.outages)

    def of_kind(self, *kinds: str) -> Iterator[Operation]:
        """The operations of these kinds, in the order in which they were sent."""
        return (operation for operation in self.operations if operation.kind in kinds)


def _sightings(operations: Sequence[Operation]) -> Iterator[Sighting]:
    for operation in operations:
        if operation.kind == "follow":
            # Each frame is not older than the stream; of frames that came late no more is known.
            for frame in operation.frames:
                yield _sighting(operation, frame.body, frame.at)
            continue
        status = operation.body.get("status")
        if (
            operation.kind not in SHOWING
            or operation.status not in (OK, 202)
            or operation.answered_at is None
            or not isinstance(status, str)
        ):
            continue
        yield _sighting(operation, operation.body, operation.answered_at)


def _sighting(operation: Operation, body: JsonObject, seen_at: float) -> Sighting:
    seats = body.get("seat_positions")
    return Sighting(
        booking_id=str(body.get("id", operation.booking_id)),
        status=str(body.get("status")),
        seats=None if seats is None else tuple(seats),
        total_price=body.get("total_price"),
        sent_at=operation.sent_at,
        answered_at=seen_at,
        operation=operation.number,
    )
