"""What a drill has shown: the storm's verdicts on it, and for how long nothing was sold."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from drills.fleet import Fleet
from storm.checker.calm import Span
from storm.checker.check import judge
from storm.checker.evidence import Evidence
from storm.checker.violation import Violation
from storm.clients import Client
from storm.final_reads import read_all
from storm.final_state import FinalState
from storm.history import OK, History
from storm.listener import Listener
from storm.stores import Stores

# Until the last change has reached whoever is shown it.
VIEW_LAG_SECONDS = 2.0
# In a drill processes are away on purpose, for as long as they take: how long is told, not judged.
ALWAYS = (Span(0.0, math.inf),)


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest time in which something did not happen, and when it began."""

    seconds: float
    began_at: float


@dataclass(frozen=True, slots=True)
class Judged:
    """``gaps`` are of bookings accepted, held, and paid; times are those of the history.
    ``told_count`` counts messages to the seller's webhook, each once; ``None`` where nobody
    listened, and so nothing of webhooks was judged.
    """

    accepted_count: int
    told_count: int | None
    statuses: Mapping[str, int]
    gaps: Mapping[str, Gap]
    unanswered_count: int
    verify_output: str
    violations: Sequence[Violation]


async def judge_sale(
    fleet: Fleet,
    history: History,
    clients: Mapping[str, Client],
    event_ids: Sequence[int],
    listener: Listener | None = None,
) -> Judged:
    """Wait until nothing is under way, have every buyer look once more, and judge, also what the
    ``listener`` was told if there is one.
    """
    environment = fleet.environment
    stores = Stores(environment["ONSALE_DATABASE_URL"], environment["ONSALE_SEAT_STORE_URL"])
    sale_ended_at = history.now()
    _, unfinished = await stores.rest(event_ids)
    await asyncio.sleep(VIEW_LAG_SECONDS)
    await read_all(history.operations, clients)
    verified = await fleet.verify()
    state = await stores.read(event_ids, unfinished, verified)
    if listener is not None:
        state = replace(state, told=listener.told())
    evidence = Evidence(history.operations, state, history.began_at, ALWAYS)
    return Judged(
        accepted_count=len(evidence.promised),
        told_count=None if state.told is None else len({each.message_id for each in state.told}),
        statuses=Counter(row.status for row in state.bookings),
        gaps=_gaps(history, state, sale_ended_at),
        unanswered_count=sum(1 for each in history.operations if each.status is None),
        verify_output=verified[1],
        violations=judge(evidence),
    )


def _gaps(history: History, state: FinalState, ended_at: float) -> Mapping[str, Gap]:
    booked = [each for each in history.operations if each.accepted_id]
    began_at = min((each.sent_at for each in booked), default=ended_at)
    accepted = [each.answered_at for each in booked]
    held = [
        (row.expires_at - timedelta(seconds=row.hold_seconds) - history.began_at).total_seconds()
        for row in state.bookings
        if row.expires_at is not None
    ]
    paid = [
        each.answered_at for each in history.operations if each.kind == "pay" and each.status == OK
    ]
    return {
        "accepted": longest_gap([at for at in accepted if at is not None], began_at, ended_at),
        "held": longest_gap(held, began_at, ended_at),
        "paid": longest_gap([at for at in paid if at is not None], began_at, ended_at),
    }


def longest_gap(moments: Sequence[float], began_at: float, ended_at: float) -> Gap:
    """The longest time between two neighbours of these moments, both ends included."""
    within = sorted(at for at in moments if began_at <= at <= ended_at)
    neighbours = zip([began_at, *within], [*within, ended_at], strict=True)
    return max((Gap(later - earlier, earlier) for earlier, later in neighbours), key=_length)


def _length(gap: Gap) -> float:
    return gap.seconds
