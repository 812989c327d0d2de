"""To pay or to cancel is refused only for a state that the booking can have been in."""

from collections.abc import Collection, Iterator

from storm.checker.evidence import Evidence
from storm.checker.payments import payments_of
from storm.checker.violation import Verdict, Violation
from storm.history import Operation

_CANCELLABLE = frozenset({"processing", "pending_payment"})


def refusals_have_a_cause(evidence: Evidence) -> Iterator[Violation]:
    """A hold can be paid and given back, unless a payment of it is under way."""
    for operation in evidence.of_kind("pay", "cancel"):
        match operation.code:
            case "BOOKING_NOT_PAYABLE":
                was_wrong = _was_held_throughout(evidence, operation)
            case "BOOKING_NOT_CANCELLABLE":
                was_wrong = _was_not_over(evidence, operation, _CANCELLABLE)
            case "PAYMENT_IN_PROGRESS":
                was_wrong = not _can_have_been_paid_for(evidence, operation)
            case _:
                continue
        if was_wrong:
            yield Violation(
                Verdict.CONTRADICTION,
                4,
                f"{operation.client} was answered {operation.status} {operation.code} to"
                f" {operation.kind} booking {operation.booking_id}, which was a hold, and nothing"
                " was under way",
                (operation.number,),
            )


def _was_held_throughout(evidence: Evidence, refused: Operation) -> bool:
    """Whether it was shown as a hold before the request left."""
    row = evidence.rows.get(refused.booking_id or "")
    if row is not None and row.is_called_off:
        return False  # from the end of its event on it can be seen as a hold, and not be paid
    was_held = any(
        seen.status == "pending_payment" and seen.answered_at <= refused.sent_at
        for seen in evidence.sightings.get(refused.booking_id or "", ())
    )
    return was_held and _was_not_over(evidence, refused, {"pending_payment"})


def _was_not_over(evidence: Evidence, refused: Operation, statuses: Collection[str]) -> bool:
    """Whether it was shown in one of these statuses to somebody who asked after the answer, or
    stands so in the ledger: it cannot have been in a later one.
    """
    booking_id = refused.booking_id or ""
    row = evidence.rows.get(booking_id)
    if row is not None and row.status in statuses:
        return True
    answered_at = refused.answered_at
    return answered_at is not None and any(
        seen.status in statuses and seen.sent_at >= answered_at
        for seen in evidence.sightings.get(booking_id, ())
    )


def _can_have_been_paid_for(evidence: Evidence, refused: Operation) -> bool:
    """Whether another request's payment can have been open between the request and its answer."""
    answered_at = refused.answered_at or refused.sent_at
    return any(
        payment.number != refused.number
        and span.began_at <= answered_at
        and span.over_at >= refused.sent_at
        for payment, span in payments_of(evidence, refused.booking_id or "")
    )
