"""Why a booking ended: nothing ends without its cause."""

from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.history import OK

_PAYMENT_REQUIRED = 402


def cancels_have_a_cause(evidence: Evidence) -> Iterator[Violation]:
    """A buyer's cancel was asked for; or the booking was never acknowledged, and withdrawn.

    One with a key is not withdrawn: its buyer would find it by asking again.
    """
    asked = {operation.booking_id for operation in evidence.of_kind("cancel")}
    for row in evidence.state.bookings:
        is_the_buyers = row.status == "cancelled" and row.cancel_reason == "buyer"
        is_withdrawable = row.id not in evidence.promised and row.key is None
        if is_the_buyers and row.id not in asked and not is_withdrawable:
            yield _contradiction(
                f"booking {row.id} was cancelled for its buyer, who has not asked for it",
                *(each.number for each in evidence.promised.get(row.id, ())),
            )


def cards_decide(evidence: Evidence) -> Iterator[Violation]:
    """A card that is always declined pays nothing; one that is always good is not declined."""
    wrong = {("declined", OK), ("good", _PAYMENT_REQUIRED)}
    for operation in evidence.of_kind("pay"):
        card = operation.asked.get("card")
        if (card, operation.status) in wrong:
            yield _contradiction(
                f"{operation.client} was answered {operation.status} {operation.code} to paying"
                f" booking {operation.booking_id} with a {card} card",
                operation.number,
            )


def _contradiction(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence, operations)
