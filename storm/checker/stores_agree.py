"""Invariants 3 and 5: after quiet bitmap, tickets, bookings, counters and prices say the same."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from storm.checker.evidence import Evidence
from storm.checker.sellers import BLOCKED, blocked_seats
from storm.checker.violation import Verdict, Violation
from storm.final_state import LIVE, SEAT_STATES, BookingRow, Place, TicketRow

_MISSING = "missing"


def stores_agree(evidence: Evidence) -> Iterator[Violation]:
    """For every seat: its bits, its ticket, and what its booking says."""
    by_place: dict[Place, list[TicketRow]] = defaultdict(list)
    for ticket in evidence.state.tickets:
        by_place[ticket.place].append(ticket)
    expected, blocked = _states_of_bookings(evidence), blocked_seats(evidence).at_some_time
    for place, tickets in by_place.items():
        stored = evidence.state.places[place]
        for index, ticket in enumerate(tickets):
            bits = stored.states[index] if index < len(stored.states) else _MISSING
            may_be_blocked = ticket.status == BLOCKED and (*place, ticket.seat) in blocked
            booked = expected.get((place, ticket.seat), BLOCKED if may_be_blocked else "available")
            if not bits == ticket.status == booked:
                yield _contradiction(
                    f"seat {ticket.seat} of {place} is {bits} in the bitmap, {ticket.status} as a"
                    f" ticket, and {booked} by its bookings"
                )
        counted = Counter(ticket.status for ticket in tickets)
        if {state: counted[state] for state in SEAT_STATES} != dict(stored.counts):
            yield _contradiction(
                f"{place} counts {dict(stored.counts)} in the seat store and has {dict(counted)}"
            )
        yield from _holds_agree(evidence, place, stored.holds)


def tickets_agree(evidence: Evidence) -> Iterator[Violation]:
    """The tickets of a booking, through either table, are the seats that it names."""
    owned: dict[str, set[str]] = defaultdict(set)
    for ticket in evidence.state.tickets:
        if ticket.booking_id != ticket.joined_to:
            yield _contradiction(
                f"ticket {ticket.id} is of booking {ticket.booking_id} and joined to"
                f" {ticket.joined_to}"
            )
        if ticket.booking_id is not None:
            row = evidence.rows.get(ticket.booking_id)
            is_there = row is not None and row.place == ticket.place
            owned[ticket.booking_id].add(ticket.seat if is_there else f"elsewhere: {ticket.id}")
    for row in evidence.state.bookings:
        seats = set(row.seats) if row.status in LIVE else set()
        if owned[row.id] != seats or (seats and len(seats) != row.quantity):
            yield _contradiction(
                f"booking {row.id} is {row.status} for {row.quantity} seats {sorted(seats)} and has"
                f" the tickets {sorted(owned[row.id])}"
            )


def prices_agree(evidence: Evidence) -> Iterator[Violation]:
    """``total_price`` is the sum of the tickets' prices, and what the buyer was shown."""
    sums: Counter[str] = Counter()
    for ticket in evidence.state.tickets:
        if ticket.booking_id is not None:
            sums[ticket.booking_id] += ticket.price
    for row in evidence.state.bookings:
        if row.status not in LIVE:
            continue
        if row.total_price != sums[row.id]:
            yield _contradiction(
                f"booking {row.id} costs {row.total_price} and its tickets {sums[row.id]}", 5
            )
        for seen in evidence.sightings.get(row.id, ()):
            shown = seen.total_price
            if seen.status in LIVE and shown is not None and shown != row.total_price:
                yield _contradiction(
                    f"booking {row.id} costs {row.total_price}, and its buyer was shown {shown}",
                    5,
                    seen.operation,
                )


def verify_agrees(evidence: Evidence) -> Iterator[Violation]:
    """The system's own ``onsale verify`` finds nothing."""
    if not evidence.state.verify_is_clean:
        yield _contradiction(f"onsale verify: {evidence.state.verify_output[:2_000]}")


def _states_of_bookings(evidence: Evidence) -> dict[tuple[Place, str], str]:
    return {
        (row.place, seat): "sold" if row.status == "completed" else "reserved"
        for row in evidence.state.bookings
        if row.status in LIVE
        for seat in row.seats
    }


def _holds_agree(
    evidence: Evidence, place: Place, holds: Mapping[str, frozenset[str]]
) -> Iterator[Violation]:
    live: dict[str, BookingRow] = {
        row.id: row for row in evidence.state.bookings if row.status in LIVE and row.place == place
    }
    for booking_id in live.keys() | holds.keys():
        ours = set(live[booking_id].seats) if booking_id in live else set()
        theirs = set(holds.get(booking_id, ()))
        if ours != theirs:
            yield _contradiction(
                f"booking {booking_id} holds {sorted(ours)} in the ledger and {sorted(theirs)} in"
                " the seat store's answers"
            )


def _contradiction(sentence: str, invariant: int = 3, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, invariant, sentence, operations)
