"""Invariant 2: every 202 can be read from then on and ends in a final state or a hold."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import FINAL
from storm.history import OK, JsonObject, Operation

_DENIED = frozenset({401, 403, 404})
_REFUSED = range(400, 500)


def none_disappears(evidence: Evidence) -> Iterator[Violation]:
    """Every promised booking stands in the ledger as it was asked for."""
    for booking_id, operations in evidence.promised.items():
        row = evidence.rows.get(booking_id)
        first = operations[0]
        if row is None:
            yield Violation(
                Verdict.LOST,
                2,
                f"booking {booking_id} was accepted and is gone",
                (first.number,),
            )
            continue
        stored: JsonObject = {
            "event_id": row.event_id,
            "section": row.section,
            "subsection": row.subsection,
            "seat_selection_mode": row.mode,
            "quantity": row.quantity,
        }
        asked = {name: first.asked[name] for name in stored}
        wanted = first.asked["seat_positions"]
        if asked != stored or (wanted and set(row.seats) != set(wanted)):
            yield Violation(
                Verdict.CONTRADICTION,
                2,
                f"booking {booking_id} stands as {stored} with seats {row.seats} and was asked for"
                f" as {asked} with seats {wanted}",
                (first.number,),
            )


def none_is_unreadable(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is told that an accepted booking of theirs does not exist, or is not theirs."""
    promised_at = {
        booking_id: min(each.answered_at or 0.0 for each in operations)
        for booking_id, operations in evidence.promised.items()
    }
    for operation in evidence.of_kind("read", "final read", "pay", "cancel", "follow"):
        booking_id = operation.booking_id
        if booking_id not in promised_at or operation.sent_at < promised_at[booking_id]:
            continue
        was_not_shown = operation.kind == "final read" and operation.status != OK
        if was_not_shown or operation.status in _DENIED:
            yield Violation(
                Verdict.UNREADABLE,
                2,
                f"{operation.client} was not shown the accepted booking {booking_id}:"
                f" {operation.status} {operation.code} {operation.error or ''}",
                (operation.number,),
            )


def none_is_stuck(evidence: Evidence) -> Iterator[Violation]:
    """After a bounded wait every booking is final, or a hold that still lasts, and owes nothing."""
    for sentence in evidence.state.unfinished:
        yield Violation(Verdict.STUCK, 2, sentence)
    if evidence.state.unfinished:
        return
    for row in evidence.state.bookings:
        if row.status not in FINAL | {"pending_payment"} or row.command is not None:
            yield Violation(
                Verdict.STUCK, 2, f"booking {row.id} is {row.status} and owes {row.command}"
            )
    for booking_id in evidence.state.open_attempts:
        yield Violation(Verdict.STUCK, 4, f"a payment of booking {booking_id} is still open")


def one_booking_a_key(evidence: Evidence) -> Iterator[Violation]:
    """The same Idempotency-Key of a buyer always gave the same booking, and is never refused."""
    given: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for operation in evidence.of_kind("book"):
        if operation.key is None:
            continue
        if operation.accepted_id is not None:
            ids = given[operation.client, operation.key]
            ids.setdefault(operation.accepted_id, operation.number)
        elif operation.code == "IDEMPOTENCY_KEY_REUSED":
            yield Violation(
                Verdict.CONTRADICTION,
                2,
                f"{operation.client} repeated key {operation.key} and was told that it differs",
                (operation.number,),
            )
    for (client, key), ids in given.items():
        if len(ids) > 1:
            yield Violation(
                Verdict.DOUBLED,
                2,
                f"key {key} of {client} made the bookings {sorted(ids)}",
                tuple(ids.values()),
            )
    stored = Counter((row.buyer_id, row.key) for row in evidence.state.bookings if row.key)
    for (buyer_id, key), count in stored.items():
        if count > 1:
            yield Violation(
                Verdict.DOUBLED, 2, f"key {key} of buyer {buyer_id} stands in {count} bookings"
            )


def none_was_invented(evidence: Evidence) -> Iterator[Violation]:
    """There are at most as many bookings as were asked for and not refused."""
    asked: Counter[tuple[object, ...]] = Counter()
    keys: set[tuple[object, ...]] = set()
    for operation in evidence.of_kind("book"):
        if _is_refused(operation):
            continue
        if operation.key is not None:
            if (operation.client, operation.key) in keys:
                continue
            keys.add((operation.client, operation.key))
        asked[_wish(operation.asked)] += 1
    stored = Counter(
        (row.event_id, row.section, row.subsection, row.mode, row.quantity)
        for row in evidence.state.bookings
    )
    for wish, count in stored.items():
        if count > asked[wish]:
            yield Violation(
                Verdict.DOUBLED,
                2,
                f"there are {count} bookings of {wish}, asked for {asked[wish]} times",
            )


def _is_refused(operation: Operation) -> bool:
    return operation.status in _REFUSED


def _wish(asked: JsonObject) -> tuple[object, ...]:
    names = ("event_id", "section", "subsection", "seat_selection_mode", "quantity")
    return tuple(asked[name] for name in names)
