"""What streams show: a booking to its buyer, an event's counts to anybody."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from storm.checker.evidence import Evidence
from storm.checker.transitions import CLOCK_TOLERANCE, FOLLOWS
from storm.checker.violation import Verdict, Violation
from storm.final_state import FINAL, SEAT_STATES
from storm.history import CLOSED, LEFT, OK, Frame, Operation

# From a change until a stream that is open has shown it: as long as whoever asks may wait.
SHOWN_SECONDS_MAX = 10.0
# From a booking's last frame until the server closes its stream.
CLOSED_SECONDS_MAX = 3.0

_RANKS = {"processing": 0, "pending_payment": 1, "paid": 2} | dict.fromkeys(FINAL, 3)
_UPDATE, _SNAPSHOT = "status_update", "initial_status"

_Counts = Mapping[str, int]
_View = dict[tuple[str, int], _Counts]


def streams_tell_the_truth(evidence: Evidence) -> Iterator[Violation]:
    """A stream shows its own booking, whole, never backwards, and at the end as it stands."""
    for stream in _streams(evidence, "follow"):
        row = evidence.rows.get(stream.booking_id or "")
        for frame in stream.frames:
            is_whole = frame.event == _UPDATE and "tickets" in frame.body
            if not is_whole or frame.body.get("id") != stream.booking_id:
                yield _wrong(stream, f"was sent {frame.event} {frame.body}")
        statuses = [_status(frame) for frame in stream.frames]
        for earlier, later in pairwise(statuses):
            if later not in FOLLOWS.get(earlier, set()):
                yield _wrong(stream, f"was {earlier} and afterwards {later}")
        if row is None or not statuses or statuses[-1] not in FINAL:
            continue
        shown = stream.frames[-1].body
        at_last = [shown.get(name) for name in ("status", "seat_positions", "total_price")]
        stands = [row.status, list(row.seats), row.total_price]
        # The stream was over when the event was called off.
        was_completed = row.is_called_off and statuses[-1] == "completed"
        if at_last != stands and not was_completed:
            yield _wrong(stream, f"ended with {at_last}, and its booking stands as {stands}")


def streams_go_on(evidence: Evidence) -> Iterator[Violation]:
    """While nothing is wrong a stream lasts until its client leaves or its booking is over, and no
    longer.
    """
    for stream in _streams(evidence, "follow", "view"):
        if stream.ended_at is None:
            continue
        # An event that was called off is still looked at.
        is_followed = stream.kind == "follow" and bool(stream.frames)
        is_over = is_followed and _status(stream.frames[-1]) in FINAL
        late = evidence.calm_seconds(stream.frames[-1].at, stream.ended_at) if is_over else 0.0
        if late > CLOSED_SECONDS_MAX:
            yield _wrong(stream, f"was open {late:.1f} s after the end", Verdict.LATE)
        due = {LEFT, CLOSED} if is_over else {LEFT}
        if stream.ended not in due and evidence.is_calm(stream.ended_at):
            yield _wrong(stream, f"was {stream.ended}, with nothing in the way and more to come")


def streams_keep_up(evidence: Evidence) -> Iterator[Violation]:
    """What was so at a moment shows on every stream of the booking that stays open after it."""
    for stream in _streams(evidence, "follow"):
        if stream.answered_at is None:
            continue
        for moment, rank in _facts(evidence, stream):
            since = max(moment, stream.answered_at)
            shown_at = _shown_at(stream, rank)
            late = evidence.calm_seconds(since, shown_at)
            if late > SHOWN_SECONDS_MAX:
                statuses = [_status(frame) for frame in stream.frames]
                yield _wrong(
                    stream,
                    f"showed {statuses} {late:.1f} s after more was so, with nothing in the way",
                    Verdict.LATE,
                )
                break


def views_add_up(evidence: Evidence) -> Iterator[Violation]:
    """An event's viewers see every section with all of its seats, and at rest what there is."""
    last: dict[int | None, tuple[Operation, _View]] = {}
    for stream in _streams(evidence, "view"):
        view: _View = {}
        for number, frame in enumerate(stream.frames):
            if frame.event != (_UPDATE if number else _SNAPSHOT):
                yield _wrong(stream, f"was sent {frame.event} as frame {number}")
            for part in frame.body.get("sections", ()):
                counts = {state: part.get(state, -1) for state in SEAT_STATES}
                seat_count = part["rows"] * part["seats_per_row"]
                if min(counts.values()) < 0 or sum(counts.values()) != seat_count:
                    yield _wrong(stream, f"was sent {counts} of {seat_count} seats")
                view[part["section"], part["subsection"]] = counts
        last[stream.event_id] = stream, view
    for event_id, (stream, view) in last.items():
        true = _counts(evidence, event_id)
        if view != true:
            yield _wrong(stream, f"showed at last {view}, and there are {true}")


def _streams(evidence: Evidence, *kinds: str) -> Iterator[Operation]:
    return (each for each in evidence.of_kind(*kinds) if each.status == OK)


def _facts(evidence: Evidence, stream: Operation) -> Iterator[tuple[float, int]]:
    """Moments, and how far the booking had come by then."""
    booking_id = stream.booking_id or ""
    yield stream.sent_at, 0
    for seen in evidence.sightings.get(booking_id, ()):
        yield seen.answered_at, _RANKS.get(seen.status, 0)
    row = evidence.rows.get(booking_id)
    if row is not None and row.expires_at is not None:
        held_at = row.expires_at - timedelta(seconds=row.hold_seconds) + CLOCK_TOLERANCE
        yield evidence.second(held_at), _RANKS["pending_payment"]
    if row is not None and row.status in FINAL:
        yield evidence.second(row.updated_at + CLOCK_TOLERANCE), _RANKS[row.status]


def _shown_at(stream: Operation, rank: int) -> float:
    """When it showed as much, or else ended."""
    for frame in stream.frames:
        if _RANKS.get(_status(frame), 0) >= rank:
            return frame.at
    return stream.ended_at or stream.answered_at or stream.sent_at


def _counts(evidence: Evidence, event_id: int | None) -> _View:
    counted: dict[tuple[str, int], Counter[str]] = {}
    for ticket in evidence.state.tickets:
        if ticket.event_id == event_id:
            counted.setdefault((ticket.section, ticket.subsection), Counter())[ticket.status] += 1
    return {
        place: {state: counter[state] for state in SEAT_STATES}
        for place, counter in counted.items()
    }


def _status(frame: Frame) -> str:
    return str(frame.body.get("status"))


def _wrong(stream: Operation, what: str, verdict: Verdict = Verdict.CONTRADICTION) -> Violation:
    subject = f"booking {stream.booking_id}" if stream.booking_id else f"event {stream.event_id}"
    return Violation(
        verdict, 0, f"the stream of {subject} to {stream.client} {what}", (stream.number,)
    )
