"""Invariant 6, and that every answer is one that the contract knows."""

from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.history import Operation

UNAVAILABLE = 503
_ALWAYS = {(UNAVAILABLE, "UNAVAILABLE")}
# What the contract allows to an honest client, who asks for what there is, of events that are on
# sale or were called off, and touches nobody else's booking.
ANSWERS = {
    "book": {
        (202, ""),
        (409, "SOLD_OUT"),
        (409, "SEAT_CONFLICT"),
        # Judged with what the seller did.
        (409, "EVENT_NOT_ON_SALE"),
        *_ALWAYS,
    },
    "read": {(200, ""), *_ALWAYS},
    "final read": {(200, "")},
    "pay": {
        (200, ""),
        (402, "PAYMENT_DECLINED"),
        (409, "BOOKING_NOT_PAYABLE"),
        (409, "PAYMENT_IN_PROGRESS"),
        (410, "HOLD_EXPIRED"),
        (504, "PAYMENT_UNKNOWN"),
        *_ALWAYS,
    },
    "cancel": {
        (200, ""),
        (409, "BOOKING_NOT_CANCELLABLE"),
        (409, "PAYMENT_IN_PROGRESS"),
        *_ALWAYS,
    },
    "follow": {(200, ""), *_ALWAYS},
    "view": {(200, ""), *_ALWAYS},
    "block": {(200, ""), (409, "SEAT_CONFLICT"), *_ALWAYS},
    "unblock": {(200, ""), (409, "SEAT_CONFLICT"), *_ALWAYS},
    "scan": {(200, ""), (409, "ALREADY_ADMITTED"), (422, "TICKET_NOT_VALID"), *_ALWAYS},
    "switch webhook": {(200, ""), *_ALWAYS},
    "rotate secret": {(200, ""), *_ALWAYS},
    "read webhook log": {(200, ""), *_ALWAYS},
    "send again": {(202, ""), (409, "WEBHOOK_DISABLED"), *_ALWAYS},
    "call off": {(202, ""), (409, "EVENT_CANCELLED"), *_ALWAYS},
}
# Judged with the promise: a booking may be unknown before it was accepted.
_DENIED = frozenset({401, 403, 404})
_OF_A_BOOKING = frozenset({"read", "final read", "pay", "cancel", "follow"})


def probes_stay_refused(evidence: Evidence) -> Iterator[Violation]:
    """Nobody saw or touched what is someone else's."""
    for operation in evidence.of_kind("probe"):
        if operation.status is not None and operation.status not in {
            *operation.allowed,
            UNAVAILABLE,
        }:
            yield Violation(
                Verdict.CONTRADICTION,
                6,
                f"{operation.client} was answered {operation.status} {operation.code} to"
                f" {operation.asked}, and {operation.allowed} was due",
                (operation.number,),
            )


def answers_are_in_the_contract(evidence: Evidence) -> Iterator[Violation]:
    """No internal errors, and no refusal that the contract does not know."""
    for operation in evidence.of_kind(*ANSWERS):
        if operation.status is not None and not _is_known(operation):
            yield Violation(
                Verdict.CONTRADICTION,
                0,
                f"{operation.client} was answered {operation.status} {operation.code} to"
                f" {operation.kind}",
                (operation.number,),
            )


def _is_known(operation: Operation) -> bool:
    is_judged_elsewhere = operation.kind in _OF_A_BOOKING and operation.status in _DENIED
    if is_judged_elsewhere or operation.code == "IDEMPOTENCY_KEY_REUSED":
        return True
    return (operation.status, operation.code) in ANSWERS[operation.kind]
