"""A hold lasts as long as its event grants: no shorter, and no longer either."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from storm.checker.evidence import Evidence
from storm.checker.payments import payments_of
from storm.checker.transitions import CLOCK_TOLERANCE
from storm.checker.violation import Verdict, Violation
from storm.final_state import LIVE, BookingRow

# From the end of a hold until its seats are free everywhere, where nothing is in the way; within a
# second is what is aimed at.
RELEASE_SECONDS_MAX = 10.0


def holds_last(evidence: Evidence) -> Iterator[Violation]:
    """A hold is granted for the time of its event, and runs out no sooner.

    It begins after its booking was made and before anybody was shown it. The last change of a row
    comes after what ended its hold, so an early end may hide behind a late confirmation of the seat
    store, but a hold that lasted is never blamed.
    """
    for row in evidence.state.bookings:
        if row.expires_at is not None:
            granted_at = row.expires_at - timedelta(seconds=row.hold_seconds)
            earliest, latest = row.created_at - CLOCK_TOLERANCE, _held_by(evidence, row)
            if not earliest <= granted_at <= latest + CLOCK_TOLERANCE:
                yield _contradiction(
                    f"booking {row.id} of {row.created_at}, held at {latest}, is held until"
                    f" {row.expires_at}, and its event grants {row.hold_seconds} s"
                )
        has_expired = row.status == "cancelled" and row.cancel_reason == "expired"
        if has_expired and (row.expires_at is None or row.updated_at < row.expires_at):
            yield _contradiction(
                f"booking {row.id} ended at {row.updated_at} because its hold had run out,"
                f" which lasts until {row.expires_at}"
            )


def holds_end(evidence: Evidence) -> Iterator[Violation]:
    """A hold that has run out is released soon, unless an outage or a payment keeps it."""
    ended_at = evidence.ended_at
    for row in evidence.state.bookings:
        if row.expires_at is None:
            continue
        held: dict[float, tuple[int, ...]] = {
            seen.sent_at: (seen.operation,)
            for seen in evidence.sightings.get(row.id, ())
            if seen.status == "pending_payment"
        }
        if row.status == "cancelled" and row.cancel_reason == "expired":
            held[evidence.second(row.updated_at)] = ()
        if row.status == "pending_payment":
            held[ended_at] = ()
        if not held:
            continue
        last_at = max(held)
        paying = [span for _, span in payments_of(evidence, row.id)]
        late = evidence.calm_seconds(evidence.second(row.expires_at), last_at, *paying)
        if late > RELEASE_SECONDS_MAX:
            yield _contradiction(
                f"the hold of booking {row.id} ran out at {row.expires_at} and was not over"
                f" {late:.1f} s later, with nothing in the way",
                *held[last_at],
            )


def late_money_is_refused(evidence: Evidence) -> Iterator[Violation]:
    """What is completed was paid for before its hold had run out."""
    for row in evidence.state.bookings:
        if row.status != "completed" or row.expires_at is None:
            continue
        sent = {each.sent_at: each.number for each, _ in payments_of(evidence, row.id)}
        if sent and evidence.wall_clock(min(sent)) > row.expires_at + CLOCK_TOLERANCE:
            yield _contradiction(
                f"booking {row.id} was held until {row.expires_at}, and paid for after that",
                sent[min(sent)],
            )


def _held_by(evidence: Evidence, row: BookingRow) -> datetime:
    """A moment at which the row had its hold already."""
    shown = [
        evidence.wall_clock(seen.answered_at)
        for seen in evidence.sightings.get(row.id, ())
        if seen.status in LIVE
    ]
    return min([row.updated_at, *shown])


def _contradiction(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence, operations)
