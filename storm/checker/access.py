"""Invariant 6, and that every answer is one that the contract knows."""

from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.history import Operation

UNAVAILABLE = 503
# What the contract allows to an honest client; nobody else's booking is touched by one.
ANSWERS = {
    "book": {202, 409, UNAVAILABLE},
    "read": {200, UNAVAILABLE},
    "final read": {200},
    "pay": {200, 402, 409, 410, UNAVAILABLE, 504},
    "cancel": {200, 409, UNAVAILABLE},
}
# Judged by a check of their own.
_JUDGED_ELSEWHERE = {401, 403, 404}


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
    if operation.code == "IDEMPOTENCY_KEY_REUSED":
        return True
    return operation.status in ANSWERS[operation.kind] | _JUDGED_ELSEWHERE
