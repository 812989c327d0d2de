"""Why a booking ended: nothing ends without its cause."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import BookingRow, Place
from storm.history import OK, Operation

_PAYMENT_REQUIRED = 402
_REFUSED = range(400, 500)
_FULL_REASONS = frozenset({"sold_out", "seat_conflict"})
_FULL_CODES = frozenset({"SOLD_OUT", "SEAT_CONFLICT"})


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


def full_houses_have_somebody(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is told that seats are taken where nobody else can ever have had one."""
    takers: dict[Place, list[Operation]] = defaultdict(list)
    for operation in evidence.of_kind("book"):
        if operation.status not in _REFUSED:
            takers[_place(operation)].append(operation)
    for operation in evidence.of_kind("book"):
        if operation.code in _FULL_CODES and not _can_be_full(operation, takers):
            yield _contradiction(
                f"{operation.client} was refused with {operation.code} in {_place(operation)},"
                " where nobody had asked for a seat",
                operation.number,
            )
    for row in evidence.state.bookings:
        if row.status == "failed" and row.failure_reason in _FULL_REASONS:
            others = [each for each in takers[row.place] if not _is_of(evidence, each, row)]
            rows = [each for each in evidence.state.bookings if each.place == row.place]
            if not others and len(rows) == 1:
                yield _contradiction(
                    f"booking {row.id} failed with {row.failure_reason} in {row.place}, where"
                    " nobody else has asked for a seat"
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


def _can_be_full(refused: Operation, takers: Mapping[Place, Sequence[Operation]]) -> bool:
    """Whether a request that may have had its effect was under way before the refusal came."""
    answered_at = refused.answered_at
    return answered_at is None or any(
        each.sent_at < answered_at for each in takers.get(_place(refused), ())
    )


def _is_of(evidence: Evidence, operation: Operation, row: BookingRow) -> bool:
    """Whether the request can have made this booking and no other."""
    if operation.accepted_id is not None:
        return operation.accepted_id == row.id
    owners = {each.client for each in evidence.promised.get(row.id, ())}
    return operation.key is not None and operation.key == row.key and operation.client in owners


def _place(operation: Operation) -> Place:
    asked = operation.asked
    return (asked["event_id"], asked["section"], asked["subsection"])


def _contradiction(sentence: str, *operations: int) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence, operations)
