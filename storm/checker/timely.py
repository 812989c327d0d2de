"""Answers and outcomes come within their time, as far as nothing was in the way."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import BookingRow
from storm.history import Operation

ANSWER_SECONDS_MAX = 10.0
# To say that something is away takes no longer than to notice it.
UNAVAILABLE_SECONDS_MAX = 3.0
# From a promise to the hold or the refusal.
OUTCOME_SECONDS_MAX = 10.0

_UNAVAILABLE = 503


def answers_come(evidence: Evidence) -> Iterator[Violation]:
    """Whoever waits long enough has an answer."""
    for operation in evidence.operations:
        waited = _waited_in_calm(evidence, operation)
        is_refusal = operation.status == _UNAVAILABLE
        if waited > (UNAVAILABLE_SECONDS_MAX if is_refusal else ANSWER_SECONDS_MAX):
            yield _late(
                f"{operation.client} waited {waited:.1f} s for the answer"
                f" {operation.status} {operation.code} to {operation.kind}",
                operation.number,
            )


def outcomes_come(evidence: Evidence) -> Iterator[Violation]:
    """Whoever was promised an outcome has it soon."""
    for booking_id, operations in evidence.promised.items():
        promised_at = min(each.answered_at or each.sent_at for each in operations)
        for seen in evidence.sightings[booking_id]:
            waited = evidence.calm_seconds(promised_at, seen.sent_at)
            if seen.status == "processing" and waited > OUTCOME_SECONDS_MAX:
                yield _late(
                    f"booking {booking_id} had no outcome {waited:.1f} s after its promise",
                    seen.operation,
                )
                break
    for row in evidence.state.bookings:
        waited = _outcome_seconds(evidence, row)
        if waited > OUTCOME_SECONDS_MAX:
            yield _late(
                f"booking {row.id} of {row.created_at} had its outcome {waited:.1f} s later"
            )


def longest_waits(evidence: Evidence) -> Mapping[str, float]:
    """The longest times, in seconds, by what was waited for."""
    answered = [each for each in evidence.operations if each.answered_at is not None]
    return {
        "for an answer": max((_waited(each) for each in answered), default=0.0),
        "for an answer, no fault about": max(
            (_waited_in_calm(evidence, each) for each in answered), default=0.0
        ),
        "for an outcome, no fault about": max(
            (_outcome_seconds(evidence, row) for row in evidence.state.bookings), default=0.0
        ),
    }


def _waited(operation: Operation) -> float:
    ended_at = operation.answered_at or operation.gave_up_at
    return 0.0 if ended_at is None else ended_at - operation.sent_at


def _waited_in_calm(evidence: Evidence, operation: Operation) -> float:
    return evidence.calm_seconds(operation.sent_at, operation.sent_at + _waited(operation))


def _outcome_seconds(evidence: Evidence, row: BookingRow) -> float:
    """From the making of a row until it had its hold or failed; of others nothing is known."""
    if row.expires_at is not None:
        decided_at = row.expires_at - timedelta(seconds=row.hold_seconds)
    elif row.status == "failed":
        decided_at = row.updated_at
    else:
        return 0.0
    return evidence.calm_seconds(evidence.second(row.created_at), evidence.second(decided_at))


def _late(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.LATE, 0, f"{sentence}, with nothing in the way", operations)
