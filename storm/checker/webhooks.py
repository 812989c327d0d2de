"""What the seller's webhook was told: everything, in order, signed, and nothing else."""

from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import BookingRow, Told

COMPLETED, CANCELLED = "booking.completed", "booking.cancelled"


def webhooks_tell_everything(evidence: Evidence) -> Iterator[Violation]:
    """Every booking that was completed or cancelled was told to have been."""
    told = evidence.state.told
    if told is None:
        return
    heard = {(each.booking_id, each.type) for each in told}
    for row in evidence.state.bookings:
        for kind in sorted(_due(evidence, row)):
            if (row.id, kind) not in heard:
                yield Violation(
                    Verdict.LOST, 2, f"booking {row.id} is {row.status}, and no {kind} was told"
                )


def webhooks_invent_nothing(evidence: Evidence) -> Iterator[Violation]:
    """What was told is so, is signed, and is one message however often it came."""
    rows = evidence.rows
    messages: dict[tuple[str | None, str], str] = {}
    for each in evidence.state.told or ():
        if not each.is_signed:
            yield _contradiction(f"{each.message_id} came without a good signature")
        if each.booking_id is None:
            continue
        row = rows.get(each.booking_id)
        if row is None:
            yield _contradiction(f"{each.type} was told of booking {each.booking_id}, unknown")
            continue
        if each.type not in _possible(row):
            yield _contradiction(f"{each.type} was told of booking {row.id}, which is {row.status}")
        elif not _is_of(each, row):
            yield _contradiction(f"{each.type} of booking {row.id} told other seats or another sum")
        first = messages.setdefault((each.booking_id, each.type), each.message_id)
        if first != each.message_id:
            yield Violation(
                Verdict.DOUBLED, 4, f"{each.type} of booking {row.id} is more than one message"
            )


def webhooks_keep_order(evidence: Evidence) -> Iterator[Violation]:
    """A booking was told to be completed before it was told to be cancelled."""
    cancelled: set[str | None] = set()
    completed: set[str | None] = set()
    for each in evidence.state.told or ():
        if each.type == CANCELLED:
            cancelled.add(each.booking_id)
        elif each.type == COMPLETED:
            if each.booking_id in cancelled and each.booking_id not in completed:
                yield _contradiction(
                    f"booking {each.booking_id} was told to be cancelled, and then completed"
                )
            completed.add(each.booking_id)


def _due(evidence: Evidence, row: BookingRow) -> set[str]:
    """What must have been told of a booking as it stands at the end."""
    if row.status == "completed":
        return {COMPLETED}
    if row.status != "cancelled":
        return set()
    seen = {sighting.status for sighting in evidence.sightings.get(row.id, ())}
    return {CANCELLED, COMPLETED} if "completed" in seen else {CANCELLED}


def _possible(row: BookingRow) -> set[str]:
    """What may have been told of it: one whose payment came in may have been completed first."""
    if row.status == "completed":
        return {COMPLETED}
    if row.status != "cancelled":
        return set()
    return {CANCELLED} if row.payment_id is None else {CANCELLED, COMPLETED}


def _is_of(told: Told, row: BookingRow) -> bool:
    data = told.data
    return (
        data["event_id"] == row.event_id
        and data["buyer_id"] == row.buyer_id
        and tuple(data["seat_positions"]) == row.seats
        and data["total_price"] == row.total_price
    )


def _contradiction(sentence: str) -> Violation:
    return Violation(Verdict.CONTRADICTION, 4, sentence)
