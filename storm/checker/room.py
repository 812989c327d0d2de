"""Nobody is refused for want of seats that nobody can have had, nor for a reason without a cause.

The row comes before the seat command: whoever can ever have had a seat stands in the ledger, and a
request that left no row, answered or not, has taken nothing.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from storm.checker.evidence import Evidence
from storm.checker.sellers import blocked_seats
from storm.checker.violation import Verdict, Violation
from storm.final_state import BookingRow, Place
from storm.history import Operation

# A reserve that reaches the seat store later than this after its booking was made is refused.
RESERVE_PATIENCE = timedelta(minutes=15)
# What is remembered of the seats may be so old, and clocks differ by so much.
MEMORY_SECONDS_MAX = 1.0
SKEW_SECONDS = 0.5

_SOLD_OUT = frozenset({"sold_out", "SOLD_OUT"})
_CONFLICT = frozenset({"seat_conflict", "SEAT_CONFLICT"})


@dataclass(frozen=True, slots=True)
class _Taker:
    """A booking that can have had seats from ``begin`` to ``end``; which ones is not known of one
    for the best available that was given up before it was told.
    """

    booking_id: str
    seats: frozenset[str]
    unknown_count: int
    begin: float
    end: float


class _Room:
    """Who can have had which seats of which place, and when."""

    def __init__(self, evidence: Evidence) -> None:
        self._takers: Mapping[Place, list[_Taker]] = defaultdict(list)
        for row in evidence.state.bookings:
            if row.status != "failed":
                self._takers[row.place].append(_taker(evidence, row))
        self._sizes: Counter[Place] = Counter()
        self._blocked: Mapping[Place, set[str]] = defaultdict(set)
        for ticket in evidence.state.tickets:
            self._sizes[ticket.place] += 1
        # Whenever that was: no moment of it is known for certain.
        for event_id, section, subsection, seat in blocked_seats(evidence).at_some_time:
            self._blocked[event_id, section, subsection].add(seat)

    def can_be_full(self, place: Place, quantity: int, begin: float, end: float) -> bool:
        """Whether fewer seats than that can have been free at some moment between the two."""
        takers = self._between(place, begin, end)
        known = set(self._blocked[place]).union(*(taker.seats for taker in takers))
        taken = len(known) + sum(taker.unknown_count for taker in takers)
        return taken > 0 and self._sizes[place] - taken < quantity

    def can_be_taken(self, place: Place, seat: str, begin: float, end: float) -> bool:
        """Whether somebody can have had the seat at some moment between the two."""
        return seat in self._blocked[place] or any(
            seat in taker.seats or taker.unknown_count for taker in self._between(place, begin, end)
        )

    def _between(self, place: Place, begin: float, end: float) -> Sequence[_Taker]:
        takers = self._takers[place]
        return [taker for taker in takers if taker.begin <= end and taker.end >= begin]


def full_houses_have_somebody(evidence: Evidence) -> Iterator[Violation]:
    """Sold out is only what others can have taken so much of that it does not suffice; and a seat
    is taken only if somebody can have had it.
    """
    room = _Room(evidence)
    for operation in evidence.of_kind("book"):
        if operation.code in _SOLD_OUT | _CONFLICT and not _was_refused_rightly(room, operation):
            yield _contradiction(
                f"{operation.client} was refused with {operation.code}"
                f" {operation.body.get('seats', '')} in {_place(operation)}, asking for"
                f" {_wish(operation)}, and nobody can have had these seats",
                operation.number,
            )


def failures_have_a_cause(evidence: Evidence) -> Iterator[Violation]:
    """A booking fails because the seats were taken, or because its time was over."""
    room = _Room(evidence)
    for row in evidence.state.bookings:
        if row.status == "failed" and not _has_failed_rightly(evidence, room, row):
            yield _contradiction(
                f"booking {row.id} for {row.quantity} seats {sorted(row.seats)} in {row.place},"
                f" made at {row.created_at}, failed until {row.updated_at} with"
                f" {row.failure_reason}, and nothing was the cause of that",
                *(each.number for each in evidence.promised.get(row.id, ())),
            )


def _was_refused_rightly(room: _Room, refused: Operation) -> bool:
    begin = refused.sent_at - MEMORY_SECONDS_MAX
    end = math.inf if refused.answered_at is None else refused.answered_at
    place = _place(refused)
    if refused.code in _SOLD_OUT:
        return room.can_be_full(place, refused.asked["quantity"], begin, end)
    wanted: list[str] = refused.asked["seat_positions"]
    named: list[str] = refused.body.get("seats", [])
    taken = [seat for seat in wanted if room.can_be_taken(place, seat, begin, end)]
    return bool(taken) and set(named) <= set(taken)


def _has_failed_rightly(evidence: Evidence, room: _Room, row: BookingRow) -> bool:
    begin, end = evidence.second(row.created_at), evidence.second(row.updated_at)
    reason = row.failure_reason
    if reason == "too_late":
        return row.updated_at - row.created_at > RESERVE_PATIENCE
    if reason in _SOLD_OUT:
        return room.can_be_full(row.place, row.quantity, begin, end)
    if reason in _CONFLICT:
        return any(room.can_be_taken(row.place, seat, begin, end) for seat in row.seats)
    # The ledger and the seat store contradict each other, or a message was spoilt on its way:
    # no fault of a storm does that.
    return False


def _taker(evidence: Evidence, row: BookingRow) -> _Taker:
    is_over = row.status == "cancelled"
    end = evidence.second(row.updated_at) + SKEW_SECONDS if is_over else math.inf
    begin = evidence.second(row.created_at) - SKEW_SECONDS
    seats = frozenset(row.seats)
    return _Taker(row.id, seats, 0 if seats else row.quantity, begin, end)


def _place(operation: Operation) -> Place:
    asked = operation.asked
    return (asked["event_id"], asked["section"], asked["subsection"])


def _wish(operation: Operation) -> str:
    seats = operation.asked["seat_positions"]
    return str(seats or operation.asked["quantity"])


def _contradiction(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence, operations)
