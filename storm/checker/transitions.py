"""Invariant 4: a transition happens once, and what a client was told stays true."""

from collections.abc import Iterator
from datetime import timedelta

from storm.checker.evidence import Evidence, Sighting
from storm.checker.violation import Verdict, Violation
from storm.final_state import LIVE, BookingRow
from storm.history import OK, Operation

# Between the clock of the clients and that of the ledger.
CLOCK_TOLERANCE = timedelta(seconds=1)
# From each status to those in which a booking can be seen afterwards.
FOLLOWS = {
    "processing": {"processing", "pending_payment", "paid", "completed", "failed", "cancelled"},
    "pending_payment": {"pending_payment", "paid", "completed", "cancelled"},
    "paid": {"paid", "completed"},
    "completed": {"completed"},
    "failed": {"failed"},
    "cancelled": {"cancelled"},
}


def statuses_go_forward(evidence: Evidence) -> Iterator[Violation]:
    """Of two answers, the later request never shows an earlier status; the ledger is the last."""
    for booking_id, seen in evidence.sightings.items():
        row = evidence.rows.get(booking_id)
        for later in seen:
            for earlier in seen:
                if earlier.answered_at >= later.sent_at:
                    break
                if (
                    row is not None
                    and later.status == row.status
                    and _can_end_as(row, earlier.status)
                ):
                    continue
                if later.status not in FOLLOWS.get(earlier.status, set()):
                    yield _backwards(booking_id, earlier, later.status, later.operation)
        for earlier in seen:
            if row is not None and not _can_end_as(row, earlier.status):
                yield _backwards(booking_id, earlier, row.status)


def seats_stay(evidence: Evidence) -> Iterator[Violation]:
    """A live booking is shown with the same seats every time."""
    for booking_id, seen in evidence.sightings.items():
        shown = {
            frozenset(each.seats): each.operation
            for each in seen
            if each.status in LIVE and each.seats is not None
        }
        row = evidence.rows.get(booking_id)
        if row is not None and row.status in LIVE:
            shown.setdefault(frozenset(row.seats), seen[-1].operation)
        if len(shown) > 1:
            yield Violation(
                Verdict.CONTRADICTION,
                4,
                f"booking {booking_id} was shown with the seats"
                f" {[sorted(seats) for seats in shown]}",
                tuple(shown.values()),
            )


def answers_hold(evidence: Evidence) -> Iterator[Violation]:
    """What a payment or a cancel was answered is what became of the booking, and came once."""
    paid: dict[str, list[Operation]] = {}
    cancelled: dict[str, list[Operation]] = {}
    for operation in evidence.of_kind("pay", "cancel"):
        row = evidence.rows.get(operation.booking_id or "")
        if row is None or operation.status is None:
            continue
        if operation.status == OK:
            granted = paid if operation.kind == "pay" else cancelled
            granted.setdefault(row.id, []).append(operation)
        yield from _answer_holds(evidence, operation, row)
    for booking_id, operations in cancelled.items():
        if len(operations) > 1:
            yield _twice(booking_id, "cancelled", operations)
    for booking_id, operations in paid.items():
        payments = {str(each.body.get("payment_id")) for each in operations}
        without_key = [each for each in operations if each.key is None]
        if len(payments) > 1 or len(without_key) > 1:
            yield _twice(booking_id, "paid", operations)


def money_is_kept_once(evidence: Evidence) -> Iterator[Violation]:
    """By the gateway's books money is kept once for each completed booking, and for no other."""
    kept: dict[str, int] = {}
    captures: dict[str, list[str]] = {}
    for charge in evidence.state.charges:
        if charge.booking_id is None:
            if charge.taken > charge.returned:
                yield Violation(
                    Verdict.CONTRADICTION,
                    4,
                    f"the gateway keeps {charge.taken - charge.returned} under {charge.payment_id},"
                    " whose key no attempt to pay has",
                )
            continue
        kept[charge.booking_id] = kept.get(charge.booking_id, 0) + charge.taken - charge.returned
        if charge.taken > charge.returned:
            captures.setdefault(charge.booking_id, []).append(charge.payment_id)
    for row in evidence.state.bookings:
        owed = row.total_price if row.status == "completed" else 0
        if kept.get(row.id, 0) != owed:
            yield Violation(
                Verdict.CONTRADICTION,
                4,
                f"booking {row.id} is {row.status}, costs {owed}, and the gateway keeps"
                f" {kept.get(row.id, 0)} for it under {captures.get(row.id, [])}",
            )
        elif row.status == "completed" and owed and captures.get(row.id) != [row.payment_id]:
            yield Violation(
                Verdict.CONTRADICTION,
                4,
                f"booking {row.id} was paid under {row.payment_id} and the gateway captured"
                f" {captures.get(row.id)}",
            )


def _answer_holds(evidence: Evidence, operation: Operation, row: BookingRow) -> Iterator[Violation]:
    is_true = True
    if operation.kind == "pay":
        if operation.status == OK:
            is_paid = row.status == "completed" or row.is_called_off
            is_true = is_paid and row.payment_id == operation.body.get("payment_id")
        elif operation.code == "IDEMPOTENCY_KEY_REUSED":
            # Every payment key of a buyer stands for one booking and one card.
            is_true = False
        elif operation.code == "HOLD_EXPIRED":
            is_true = row.status == "cancelled" and _had_run_out(evidence, operation, row)
    elif operation.status == OK:
        is_true = row.status == "cancelled" and row.cancel_reason == "buyer"
    if not is_true:
        yield Violation(
            Verdict.CONTRADICTION,
            4,
            f"{operation.client} was answered {operation.status} {operation.code} to"
            f" {operation.kind}, and booking {row.id} is {row.status} ({row.cancel_reason},"
            f" {row.payment_id})",
            (operation.number,),
        )


def _can_end_as(row: BookingRow, status: str) -> bool:
    """Whether what was seen like this can stand so: also what is paid ends with its event."""
    has_ended_with_its_event = row.is_called_off and status in LIVE
    return has_ended_with_its_event or row.status in FOLLOWS.get(status, set())


def _had_run_out(evidence: Evidence, operation: Operation, row: BookingRow) -> bool:
    """Whether the hold can have been over when the answer came; its buyer may have been faster to
    cancel it then than the job that releases it.
    """
    if row.cancel_reason == "expired":
        return True
    if row.expires_at is None or operation.answered_at is None:
        return False
    return row.expires_at <= evidence.wall_clock(operation.answered_at) + CLOCK_TOLERANCE


def _backwards(
    booking_id: str, earlier: Sighting, later_status: str, *operations: int
) -> Violation:
    return Violation(
        Verdict.CONTRADICTION,
        4,
        f"booking {booking_id} was {earlier.status} and afterwards {later_status}",
        (earlier.operation, *operations),
    )


def _twice(booking_id: str, what: str, operations: list[Operation]) -> Violation:
    return Violation(
        Verdict.DOUBLED,
        4,
        f"booking {booking_id} was {what} {len(operations)} times",
        tuple(operation.number for operation in operations),
    )
