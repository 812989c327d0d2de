"""Invariant 1: a seat belongs to at most one booking that is pending_payment, paid or completed."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import LIVE, Place, Seat


def one_booking_a_seat(evidence: Evidence) -> Iterator[Violation]:
    """No two live bookings of the final state have a seat, whichever table is asked."""
    owners: dict[Seat, set[str]] = defaultdict(set)
    for row in evidence.state.bookings:
        if row.status in LIVE:
            for name in row.seats:
                owners[*row.place, name].add(row.id)
    for ticket in evidence.state.tickets:
        for booking_id in (ticket.booking_id, ticket.joined_to):
            if booking_id is not None:
                owners[*ticket.place, ticket.seat].add(booking_id)
    for seat, bookings in owners.items():
        if len(bookings) > 1:
            yield Violation(
                Verdict.DOUBLED, 1, f"seat {seat} belongs to the bookings {sorted(bookings)}"
            )


@dataclass(frozen=True, slots=True)
class _Possession:
    """A booking had its seats for certain from ``begin`` to ``end``."""

    booking_id: str
    begin: float
    end: float
    operations: tuple[int, ...]


def nobody_was_told_the_same(evidence: Evidence) -> Iterator[Violation]:
    """No two buyers were told at overlapping times that a seat is theirs.

    A hold is one stretch of time. What an answer shows was so at a moment between request and
    answer; so between the first answer and the last request that showed the hold it was held
    throughout, and without end where it is completed or stands so in the ledger.
    """
    possessions: dict[Seat, list[_Possession]] = defaultdict(list)
    for booking_id in evidence.sightings:
        possession = _possession(evidence, booking_id)
        place = _place_of(evidence, booking_id)
        if possession is None or place is None:
            continue
        for name in _seats_told(evidence, booking_id):
            possessions[*place, name].append(possession)
    for seat, told in possessions.items():
        told.sort(key=lambda possession: possession.begin)
        longest: _Possession | None = None
        for possession in told:
            if longest is not None and possession.begin < longest.end:
                yield Violation(
                    Verdict.DOUBLED,
                    1,
                    f"the buyers of {longest.booking_id} and {possession.booking_id} were both told"
                    f" that seat {seat} is theirs",
                    longest.operations + possession.operations,
                )
            if longest is None or possession.end > longest.end:
                longest = possession


def _possession(evidence: Evidence, booking_id: str) -> _Possession | None:
    held = [seen for seen in evidence.sightings[booking_id] if seen.status in LIVE]
    if not held:
        return None
    begin = min(seen.answered_at for seen in held)
    row = evidence.rows.get(booking_id)
    is_held_at_last = row is not None and row.status in LIVE
    is_forever = is_held_at_last or any(seen.status == "completed" for seen in held)
    end = math.inf if is_forever else max(seen.sent_at for seen in held)
    if begin >= end:
        return None
    return _Possession(booking_id, begin, end, (held[0].operation, held[-1].operation))


def _seats_told(evidence: Evidence, booking_id: str) -> set[str]:
    """Every seat that the buyer was shown while the booking was live.

    The answer to a payment names no seats, so those of the row stand in where none were shown.
    """
    told: set[str] = set()
    for seen in evidence.sightings[booking_id]:
        if seen.status in LIVE and seen.seats is not None:
            told.update(seen.seats)
    row = evidence.rows.get(booking_id)
    return told or set(row.seats if row else ())


def _place_of(evidence: Evidence, booking_id: str) -> Place | None:
    row = evidence.rows.get(booking_id)
    if row is not None:
        return row.place
    for operation in evidence.promised.get(booking_id, ()):
        asked = operation.asked
        return (asked["event_id"], asked["section"], asked["subsection"])
    return None
