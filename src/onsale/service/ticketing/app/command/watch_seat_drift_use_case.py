"""Compare the ledger with the seat store all the time, and heal what has drifted apart."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from onsale.service.shared_kernel.seating import SubsectionLayout
from onsale.service.ticketing.app.interface.i_drift_watch import (
    IDriftLedger,
    IDriftMeter,
    LedgerLook,
    OpenedEvent,
)
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap
from onsale.service.ticketing.app.service.drift_comparison import (
    SeatDrift,
    compare_counts,
    compare_seats,
    contradictions,
)

LOOK_COUNT = 3
EVENTS_PER_TICK_MAX = 5
SUSPECTS_MAX = 100
# Of one processor's time: what a look took is waited for fifty times over before the next.
DUTY_SHARE_MAX = 0.02
SEATS_COMPARED_ONE_BY_ONE_MAX = 10_000
PLACES_LOGGED_MAX = 10
# A load makes the stores equal, so what differs again at once is nothing that a load can cure.
HEAL_INTERVAL_SECONDS = 60.0

_log = structlog.get_logger()


@dataclass(slots=True)
class _Suspect:
    """``round`` tells which seats were compared one by one, so that they are compared again."""

    event: OpenedEvent
    drifts: frozenset[SeatDrift]
    round: int
    look_count: int = 1


@dataclass(slots=True)
class WatchSeatDriftUseCase:
    """The stores cannot be read at one instant, so only what stands in several looks, in a
    subsection in which nothing is under way, is drift.

    Each worker goes round all events by itself: it costs each a bounded share of its time, and
    whichever finds a drift first heals it once, as a load is asked for under the epoch that was
    seen.
    """

    ledger: IDriftLedger
    seats: ISeatMap
    meter: IDriftMeter
    monotonic: Callable[[], float] = time.monotonic
    _suspects: dict[int, _Suspect] = field(default_factory=dict)
    _contradicting: set[int] = field(default_factory=set)
    _healed_at: dict[int, float] = field(default_factory=dict)
    _looked_up_to: int = 0
    _round: int = 0
    _round_began_at: float = 0.0
    _rest_until: float = 0.0

    async def execute(self) -> None:
        """Look at suspects again and at the next few events, if the time for it has come.

        Raises:
            UnavailableError: the ledger or the seat store is away.
        """
        began_at = self.monotonic()
        if began_at < self._rest_until:
            return
        try:
            for suspect in list(self._suspects.values())[:EVENTS_PER_TICK_MAX]:
                await self._look(suspect.event, suspect.round)
            await self._look_at_the_next()
            self._tell()
        finally:
            took_seconds = self.monotonic() - began_at
            self._rest_until = began_at + took_seconds / DUTY_SHARE_MAX

    def _tell(self) -> None:
        confirmed = [each for each in self._suspects.values() if each.look_count >= LOOK_COUNT]
        self.meter.found(
            drifting_seats=sum(drift.seat_count for each in confirmed for drift in each.drifts),
            drifting_events=len(confirmed),
            contradicting=len(self._contradicting),
        )

    async def _look_at_the_next(self) -> None:
        if self._looked_up_to == 0:
            self._round_began_at = self.monotonic()
        page = await self.ledger.opened_after(self._looked_up_to, EVENTS_PER_TICK_MAX)
        spent_until = self.monotonic() + DUTY_SHARE_MAX
        for event in page:
            self._looked_up_to = event.event_id
            if event.event_id not in self._suspects:
                await self._look(event, self._round)
            if self.monotonic() > spent_until and event is not page[-1]:
                return
        if len(page) < EVENTS_PER_TICK_MAX:
            self._looked_up_to = 0
            self._round += 1
            self.meter.round_finished(self._round_began_at)

    async def _look(self, event: OpenedEvent, round_number: int) -> None:
        event_id = event.event_id
        look = await self.ledger.look(event_id)
        drifts: frozenset[SeatDrift] = frozenset()
        if look is not None:
            drifts = await self._compare(event_id, look, round_number)
        self.meter.checked()
        before = self._suspects.pop(event_id, None)
        if look is None or not drifts or len(self._suspects) >= SUSPECTS_MAX:
            return
        suspect = _Suspect(OpenedEvent(event_id, look.epoch), drifts, round_number)
        if before is not None and before.event == suspect.event and before.drifts & drifts:
            suspect.drifts = before.drifts & drifts
            suspect.look_count = before.look_count + 1
        self._suspects[event_id] = suspect
        if suspect.look_count >= LOOK_COUNT:
            await self._heal(suspect)

    async def _compare(
        self, event_id: int, look: LedgerLook, round_number: int
    ) -> frozenset[SeatDrift]:
        stored = await self.seats.states(event_id, look.layouts)
        counters = await self.seats.counts(event_id)
        self._note_contradictions(event_id, look)
        drifts = list(compare_counts(look, stored, counters))
        if not drifts:
            window = compared_one_by_one(look.layouts, round_number)
            both = [(look.layouts[at], stored[at]) for at in window]
            ledger = await self.ledger.states(event_id, [layout for layout, _ in both])
            drifts = list(compare_seats(look, both, ledger))
        return frozenset(drifts)

    def _note_contradictions(self, event_id: int, look: LedgerLook) -> None:
        found = contradictions(look)
        if not found:
            self._contradicting.discard(event_id)
        elif event_id not in self._contradicting:
            self._contradicting.add(event_id)
            where = [f"{section}-{number}" for section, number in found[:PLACES_LOGGED_MAX]]
            _log.error("ledger_contradicts_itself", event_id=event_id, where=where)

    async def _heal(self, suspect: _Suspect) -> None:
        event_id, now = suspect.event.event_id, self.monotonic()
        if now < self._healed_at.get(event_id, -HEAL_INTERVAL_SECONDS) + HEAL_INTERVAL_SECONDS:
            return
        if await self.ledger.request_load(suspect.event):
            self._healed_at = {
                each: at for each, at in self._healed_at.items() if now < at + HEAL_INTERVAL_SECONDS
            }
            self._healed_at[event_id] = now
            self.meter.repaired("drifted")
            _log.error(
                "seat_drift",
                event_id=event_id,
                seats=sum(drift.seat_count for drift in suspect.drifts),
                where=[
                    f"{drift.where[0]}-{drift.where[1]} {drift.what}"
                    for drift in list(suspect.drifts)[:PLACES_LOGGED_MAX]
                ],
            )


def compared_one_by_one(layouts: Sequence[SubsectionLayout], round_number: int) -> list[int]:
    """Which subsections are compared seat by seat this time: all of a small hall, of a huge one a
    part that moves on from round to round.
    """
    seat_count = sum(layout.seat_count for layout in layouts)
    first = round_number * SEATS_COMPARED_ONE_BY_ONE_MAX % max(seat_count, 1)
    if seat_count <= SEATS_COMPARED_ONE_BY_ONE_MAX:
        first = 0
    chosen: list[int] = []
    seats_before = seats_chosen = 0
    for at, layout in enumerate(layouts):
        seats_before += layout.seat_count
        if seats_before <= first:
            continue
        seats_chosen += layout.seat_count
        if chosen and seats_chosen > SEATS_COMPARED_ONE_BY_ONE_MAX:
            break
        chosen.append(at)
    return chosen
