"""What the seller did to the sale holds: seats that are blocked, an event that is called off."""

from collections.abc import Iterator
from dataclasses import dataclass

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import LIVE, Seat
from storm.history import ACCEPTED, OK, Operation

BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class BlockedSeats:
    """Seats that can have been blocked at some time, and those that are for certain at the end."""

    at_some_time: frozenset[Seat]
    at_the_end: frozenset[Seat]


def blocked_seats(evidence: Evidence) -> BlockedSeats:
    """What follows from what the seller asked for, one thing after the other, and was answered."""
    at_some_time: set[Seat] = set()
    at_the_end: set[Seat] = set()
    for operation in evidence.of_kind("block", "unblock"):
        seats = _seats(operation)
        if operation.kind == "unblock":
            at_the_end -= seats
        elif operation.status == OK:
            at_the_end |= seats
        if operation.kind == "block" and (operation.status == OK or operation.is_unknown):
            at_some_time |= seats
    return BlockedSeats(frozenset(at_some_time), frozenset(at_the_end))


def blocked_seats_stay(evidence: Evidence) -> Iterator[Violation]:
    """What the seller was told to be blocked is nobody's, and nothing else is blocked."""
    told = blocked_seats(evidence)
    for ticket in evidence.state.tickets:
        seat = (*ticket.place, ticket.seat)
        if seat in told.at_the_end and ticket.status != BLOCKED:
            yield _contradiction(f"seat {seat} was blocked and is {ticket.status}")
        if seat not in told.at_some_time and ticket.status == BLOCKED:
            yield _contradiction(f"seat {seat} is blocked, which nobody has asked for")


def called_off_events_end(evidence: Evidence) -> Iterator[Violation]:
    """Of an event that is called off no booking is left, and nobody asks for its end in vain."""
    asked, granted = called_off(evidence)
    for row in evidence.state.bookings:
        if row.event_id in granted and row.status in LIVE:
            yield _contradiction(f"booking {row.id} is {row.status}, and its event is called off")
        if row.is_called_off and row.event_id not in asked:
            yield _contradiction(f"booking {row.id} ended with its event, which nobody called off")


def refusals_of_events_have_a_cause(evidence: Evidence) -> Iterator[Violation]:
    """Bookings are refused because the event is not on sale once its end was asked for, and from
    the moment on at which that was granted none is taken.
    """
    asked, granted = called_off(evidence)
    for operation in evidence.of_kind("book"):
        event_id = operation.asked.get("event_id", 0)
        answered_at = operation.answered_at or operation.sent_at
        is_refused = operation.code == "EVENT_NOT_ON_SALE"
        if is_refused and not asked.get(event_id, float("inf")) <= answered_at:
            yield _contradiction(
                f"{operation.client} was told that event {event_id} is not on sale, which it was",
                operation.number,
            )
        is_late = operation.sent_at > granted.get(event_id, float("inf"))
        is_a_repeat = operation.key is not None  # which has its booking, whatever became of it
        if operation.accepted_id is not None and is_late and not is_a_repeat:
            yield _contradiction(
                f"{operation.client} was promised booking {operation.accepted_id} of event"
                f" {event_id}, which had been called off",
                operation.number,
            )


def called_off(evidence: Evidence) -> tuple[dict[int, float], dict[int, float]]:
    """Of each event when its end was asked for first, and when it was granted."""
    asked: dict[int, float] = {}
    granted: dict[int, float] = {}
    for operation in evidence.of_kind("call off"):
        event_id = operation.event_id or 0
        asked.setdefault(event_id, operation.sent_at)
        is_so = operation.status == ACCEPTED or operation.code == "EVENT_CANCELLED"
        if is_so and operation.answered_at is not None:
            granted.setdefault(event_id, operation.answered_at)
    return asked, granted


def _seats(operation: Operation) -> set[Seat]:
    asked = operation.asked
    place = (operation.event_id or 0, asked["section"], asked["subsection"])
    return {(*place, seat) for seat in asked["seats"]}


def _contradiction(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence, operations)
