"""When money may have been moving for a booking."""

from collections.abc import Iterator

from storm.checker.calm import Span
from storm.checker.evidence import Evidence
from storm.history import Operation

# Of a payment whose outcome its buyer was not told: until the system has asked the gateway itself.
SETTLING_SECONDS_MAX = 50.0


def payments_of(evidence: Evidence, booking_id: str) -> Iterator[tuple[Operation, Span]]:
    """Every request to pay it, and the time in which its payment can have been open."""
    for operation in evidence.by_booking.get(booking_id, ()):
        if operation.kind == "pay":
            yield operation, _span(evidence, operation)


def _span(evidence: Evidence, operation: Operation) -> Span:
    sent_at, answered_at = operation.sent_at, operation.answered_at
    if answered_at is None or operation.is_unknown:
        return Span(sent_at, evidence.moment_after(answered_at or sent_at, SETTLING_SECONDS_MAX))
    return Span(sent_at, answered_at)
