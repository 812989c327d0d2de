"""Who was let in: each ticket once, and nobody without one."""

from collections import defaultdict
from collections.abc import Iterator

from storm.checker.evidence import Evidence
from storm.checker.sellers import called_off
from storm.checker.violation import Verdict, Violation
from storm.history import OK, Operation

_ALREADY = "ALREADY_ADMITTED"
_NOT_VALID = "TICKET_NOT_VALID"


def tickets_let_in_once(evidence: Evidence) -> Iterator[Violation]:
    """Of all who come with a ticket one is let in; the others are told so, and not before."""
    for ticket_id, scans in _scans(evidence).items():
        let_in = [scan for scan in scans if scan.status == OK]
        if len(let_in) > 1:
            numbers = tuple(scan.number for scan in let_in)
            yield Violation(
                Verdict.DOUBLED, 4, f"ticket {ticket_id} let in {len(let_in)} people", numbers
            )
        for scan in scans:
            if scan.code == _ALREADY and not any(
                other.sent_at < _end(scan) and (other.status == OK or other.is_unknown)
                for other in scans
            ):
                yield _contradiction(f"ticket {ticket_id} is said to have let somebody in", scan)
            if scan.status == OK and any(
                other.code == _ALREADY and _end(other) < scan.sent_at for other in scans
            ):
                yield _contradiction(f"ticket {ticket_id} had let somebody in before", scan)
    yield from _admissions_are_kept(evidence)


def doors_heed_what_is_void(evidence: Evidence) -> Iterator[Violation]:
    """A ticket of a completed booking is good at its event until that is called off, and nothing
    else is.
    """
    asked, granted = called_off(evidence)
    for scan in evidence.of_kind("scan"):
        event_id, row = scan.event_id or 0, evidence.rows.get(scan.asked["booking_id"])
        is_good = _is_its_own(scan) and row is not None
        is_kept = row is not None and (row.status == "completed" or row.is_called_off)
        if scan.status == OK or scan.code == _ALREADY:
            is_void = scan.sent_at > granted.get(event_id, float("inf"))
            if not is_good or not is_kept or is_void:
                yield _contradiction(f"{_what(scan)} was good at event {event_id}", scan)
        elif scan.code == _NOT_VALID and is_good and asked.get(event_id, float("inf")) > _end(scan):
            yield _contradiction(f"{_what(scan)} was void at event {event_id}", scan)


def _admissions_are_kept(evidence: Evidence) -> Iterator[Violation]:
    scans = _scans(evidence)
    for ticket in evidence.state.tickets:
        if ticket.status != "sold":
            continue  # of one that is sold no more it is of no consequence
        mine = scans.get(ticket.id, [])
        if not ticket.is_admitted and any(scan.status == OK for scan in mine):
            yield _contradiction(f"ticket {ticket.id} let somebody in, which is forgotten")
        if ticket.is_admitted and not any(scan.status == OK or scan.is_unknown for scan in mine):
            yield _contradiction(f"ticket {ticket.id} let somebody in, and nobody came with it")


def _scans(evidence: Evidence) -> dict[int, list[Operation]]:
    """Of each ticket, at the door of its event, as it was issued."""
    scans: dict[int, list[Operation]] = defaultdict(list)
    for scan in evidence.of_kind("scan"):
        if _is_its_own(scan):
            scans[scan.asked["ticket_id"]].append(scan)
    return scans


def _is_its_own(scan: Operation) -> bool:
    return not scan.asked["is_forged"] and scan.asked["event_id"] == scan.event_id


def _what(scan: Operation) -> str:
    asked = scan.asked
    what = "a forgery of ticket" if asked["is_forged"] else "ticket"
    return (
        f"{what} {asked['ticket_id']} of booking {asked['booking_id']}, event {asked['event_id']},"
    )


def _end(scan: Operation) -> float:
    """When it had its answer at the latest; for ever, where none came."""
    return float("inf") if scan.answered_at is None else scan.answered_at


def _contradiction(sentence: str, *scans: Operation) -> Violation:
    return Violation(Verdict.CONTRADICTION, 6, sentence, tuple(scan.number for scan in scans))
