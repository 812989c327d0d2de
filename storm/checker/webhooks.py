"""What the seller's webhook was told: everything, in order, signed, and nothing else."""

from collections.abc import Iterator, Sequence

from storm.checker.evidence import Evidence
from storm.checker.violation import Verdict, Violation
from storm.final_state import BookingRow, Told
from storm.history import JsonObject

COMPLETED, CANCELLED = "booking.completed", "booking.cancelled"
SOLD_OUT = "event.sold_out"


def webhooks_tell_everything(evidence: Evidence) -> Iterator[Violation]:
    """Every booking that was completed or cancelled was told to have been, and every event that is
    sold out.
    """
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
    heard_sold_out = {each.data["event_id"] for each in told if each.type == SOLD_OUT}
    for event_id in sorted(evidence.state.sold_out - heard_sold_out):
        yield Violation(Verdict.LOST, 2, f"event {event_id} is sold out, and nobody was told")


def webhooks_invent_nothing(evidence: Evidence) -> Iterator[Violation]:
    """What was told is so, is signed, and is one message however often it came."""
    yield from _invented(evidence, evidence.state.told or ())
    yield from _invented(evidence, evidence.state.also_told)


def _invented(evidence: Evidence, told: Sequence[Told]) -> Iterator[Violation]:
    rows = evidence.rows
    events = {ticket.event_id for ticket in evidence.state.tickets}
    # What happened, and when if it can happen again: one message.
    messages: dict[tuple[object, str, str], str] = {}
    words: dict[str, tuple[str, str, JsonObject]] = {}
    for each in told:
        if not each.is_signed:
            yield _contradiction(f"{each.message_id} came without a good signature")
        said = (each.type, each.timestamp, each.data)
        if words.setdefault(each.message_id, said) != said:
            yield _contradiction(f"{each.message_id} said one thing and then another")
        if each.booking_id is not None:
            yield from _invented_of_booking(each, rows.get(each.booking_id))
        elif each.type == SOLD_OUT and each.data["event_id"] not in events:
            yield _contradiction(f"event {each.data['event_id']} was told to be sold out, unknown")
        about = each.booking_id or each.data.get("event_id")
        when = "" if each.booking_id else each.timestamp
        first = messages.setdefault((about, each.type, when), each.message_id)
        if first != each.message_id:
            yield Violation(Verdict.DOUBLED, 4, f"{each.type} of {about} is more than one message")


def _invented_of_booking(told: Told, row: BookingRow | None) -> Iterator[Violation]:
    if row is None:
        yield _contradiction(f"{told.type} was told of booking {told.booking_id}, unknown")
    elif told.type not in _possible(row):
        yield _contradiction(f"{told.type} was told of booking {row.id}, which is {row.status}")
    elif not _is_of(told, row):
        yield _contradiction(f"{told.type} of booking {row.id} told other seats or another sum")


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
