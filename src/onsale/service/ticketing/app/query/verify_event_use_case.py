"""Compare what the seat store, the tickets, the bookings and the counters say of one event."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SeatState
from onsale.service.ticketing.app.interface.i_ledger_audit import ILedgerAudit, IStoredHolds
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap

LOOK_COUNT = 3
LOOK_INTERVAL_SECONDS = 0.7
QUIET_POLL_SECONDS = 0.1
HOLD_READS_AT_ONCE = 32
# The store forgets its answers after 30 days; the seats of a booking stay in the bitmap.
ANSWERS_KEPT = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``contradictions`` stand between rows of the ledger, ``store_differences`` between the ledger
    and the seat store; ``owed_commands`` bookings waited for the store when the last look was
    taken.
    """

    event_id: int
    seat_count: int
    owed_commands: int
    contradictions: Sequence[str]
    store_differences: Sequence[str]

    @property
    def differences(self) -> Sequence[str]:
        """Everything that was found."""
        return [*self.contradictions, *self.store_differences]


@dataclass(frozen=True, slots=True)
class _Look:
    seat_count: int
    contradictions: Sequence[str]
    store_differences: Sequence[str]

    @property
    def is_clean(self) -> bool:
        return not self.contradictions and not self.store_differences

    def lasting(self, later: "_Look") -> "_Look":
        """What stands in this look and in a later one too."""
        contradictions, differences = set(later.contradictions), set(later.store_differences)
        return _Look(
            later.seat_count,
            [each for each in self.contradictions if each in contradictions],
            [each for each in self.store_differences if each in differences],
        )


@dataclass(frozen=True, slots=True)
class VerifyEventUseCase:
    """The stores cannot be read at one instant, so what differs is looked at again: only what
    stands in each of several looks is a difference and not a sale going on.
    """

    ledger: ILedgerAudit
    seats: ISeatMap
    holds: IStoredHolds
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def execute(self, event_id: int, *, quiet_seconds_max: float) -> Verdict:
        """Wait up to ``quiet_seconds_max`` until no booking waits for the store, then compare."""
        polls_left = int(quiet_seconds_max / QUIET_POLL_SECONDS)
        while polls_left and await self.ledger.owed_commands(event_id):
            polls_left -= 1
            await self.sleep(QUIET_POLL_SECONDS)
        look = await self._look(event_id)
        for _ in range(LOOK_COUNT - 1):
            if look.is_clean:
                break
            await self.sleep(LOOK_INTERVAL_SECONDS)
            look = look.lasting(await self._look(event_id))
        owed = await self.ledger.owed_commands(event_id)
        return Verdict(event_id, look.seat_count, owed, look.contradictions, look.store_differences)

    async def _look(self, event_id: int) -> _Look:
        snapshot = await self.ledger.snapshot(event_id)
        states = await self.seats.states(event_id, [item.layout for item in snapshot])
        counts = dict(await self.seats.counts(event_id))
        epoch = await self.ledger.epoch(event_id)
        contradictions = await self.ledger.contradictions(event_id)
        differences: list[str] = []
        for expected, actual in zip(snapshot, states, strict=True):
            where = (expected.layout.section, expected.layout.subsection)
            differences += _compare_seats(expected, actual, epoch)
            differences += _compare_counts(expected, counts.pop(where, None))
        differences += [
            f"{section}-{number} is counted in the seat store and is not in the hall"
            for section, number in counts
        ]
        differences += await self._compare_holds(event_id, snapshot)
        seat_count = sum(item.layout.seat_count for item in snapshot)
        return _Look(seat_count, contradictions, differences)

    async def _compare_holds(
        self, event_id: int, snapshot: Sequence[SubsectionSnapshot]
    ) -> list[str]:
        gate = asyncio.Semaphore(HOLD_READS_AT_ONCE)
        oldest = self.now() - ANSWERS_KEPT

        async def compare(item: SubsectionSnapshot) -> list[str]:
            live = [hold for hold in item.holds if hold.booked_at > oldest or not hold.sold]
            days = sorted({f"{hold.booked_at:%Y%m%d}" for hold in live})
            if not days:
                return []
            name = (item.layout.section, item.layout.subsection)
            async with gate:
                stored = await self.holds.holds(event_id, *name, days)
            ours = {hold.booking_id: set(hold.positions) for hold in live}
            too_old = {hold.booking_id for hold in item.holds} - ours.keys()
            theirs = {
                booking_id: set(seats)
                for booking_id, seats in stored.items()
                if booking_id not in too_old
            }
            return [
                f"booking {booking_id} holds {sorted(ours.get(booking_id, ()))} in the ledger"
                f" and {sorted(theirs.get(booking_id, ()))} in the seat store"
                for booking_id in sorted(ours.keys() | theirs.keys())
                if ours.get(booking_id) != theirs.get(booking_id)
            ]

        found = await asyncio.gather(*(compare(item) for item in snapshot))
        return [difference for differences in found for difference in differences]


def _compare_seats(
    expected: SubsectionSnapshot, actual: SubsectionStates | None, epoch: int
) -> Iterator[str]:
    layout = expected.layout
    name = f"{layout.section}-{layout.subsection}"
    if actual is None:
        yield f"{name} is not in the seat store"
        return
    if (actual.rows, actual.seats_per_row) != (layout.rows, layout.seats_per_row):
        yield (
            f"{name} has {layout.rows} rows of {layout.seats_per_row} in the ledger and"
            f" {actual.rows} of {actual.seats_per_row} in the seat store"
        )
        return
    if actual.epoch != epoch:
        yield f"{name} is of epoch {epoch} in the ledger and {actual.epoch} in the seat store"
    if actual.states == expected.states:
        return
    for index, (ours, theirs) in enumerate(zip(expected.states, actual.states, strict=True)):
        if ours != theirs:
            yield (
                f"{name} seat {layout.position_at(index)} is {_name(ours)} in the ledger and"
                f" {_name(theirs)} in the seat store"
            )


def _compare_counts(expected: SubsectionSnapshot, stored: SeatCounts | None) -> Iterator[str]:
    counted = SeatCounts(*(expected.states.count(state) for state in SeatState))
    if stored != counted:
        name = f"{expected.layout.section}-{expected.layout.subsection}"
        yield f"{name} counts {counted} in the ledger and {stored or 'none'} in the seat store"


def _name(state: int) -> str:
    return SeatState(state).name.lower()
