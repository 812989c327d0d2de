"""Who says what was violated: none of these shares code with the guards that are taken out."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SeatResult, SeatsReserved
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.pipeline import Pipeline

_BOOKING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PAYMENT = re.compile(r"pay_[0-9a-f]+")


def plain(violation: str) -> str:
    """The same text in every run: bookings are called B1, B2 … as they appear, payments P1."""
    return _numbered(_PAYMENT, "P", _numbered(_BOOKING, "B", violation))


def _numbered(pattern: re.Pattern[str], letter: str, text: str) -> str:
    names: dict[str, str] = {}
    return pattern.sub(
        lambda found: names.setdefault(found.group(), f"{letter}{len(names) + 1}"), text
    )


async def verified(pipeline: Pipeline, event: Event) -> list[str]:
    """What `onsale verify` finds when the sale has come to rest, and who still waits by then."""
    # Nothing is under way that a second look would have to wait for.
    verify = replace(pipeline.verify, sleep=_no_sleep)
    verdict = await verify.execute(event.id, quiet_seconds_max=0)
    waiting = [f"bookings that wait for ever: {verdict.owed_commands}"] * bool(
        verdict.owed_commands
    )
    return [*waiting, *verdict.differences]


async def _no_sleep(_seconds: float) -> None:
    return None


async def promised_twice(pipeline: Pipeline) -> list[str]:
    """Seats that more than one buyer was told to have."""
    rows = await pipeline.pool.fetch(
        "SELECT seat, count(*) FROM booking CROSS JOIN unnest(seat_positions) AS seat"
        " WHERE status IN ('pending_payment', 'paid', 'completed')"
        " GROUP BY event_id, section, subsection, seat HAVING count(*) > 1 ORDER BY seat"
    )
    return [f"seat {row[0]} is promised to {row[1]} buyers" for row in rows]


def given_twice(results: Iterable[SeatResult]) -> list[str]:
    """Seats that the store gave to more than one booking, none of which gave them back."""
    holders: defaultdict[str, set[UUID]] = defaultdict(set)
    for result in results:
        if isinstance(result, SeatsReserved):
            for seat in result.positions:
                holders[seat].add(result.booking_id)
    return [
        f"the store gave seat {seat} to {len(bookings)} bookings"
        for seat, bookings in sorted(holders.items())
        if len(bookings) > 1
    ]


async def money_taken(pipeline: Pipeline) -> list[str]:
    """The gateway's books against the bookings that were completed: also money that is handed back
    later was taken for nothing.
    """
    payments = await pipeline.pool.fetchval("SELECT count(*) FROM mock_gateway_payment")
    completed = await pipeline.pool.fetchval(
        "SELECT count(*) FROM booking WHERE status = 'completed'"
    )
    if payments == completed:
        return []
    return [f"payments taken at the gateway: {payments}; bookings completed: {completed}"]


def lost(sent: Iterable[str], handled: Iterable[str]) -> list[str]:
    """Messages that were acknowledged and never had an effect."""
    missing = Counter(sent) - Counter(set(handled))
    return [f"{missing.total()} acknowledged messages were lost"] if missing else []
