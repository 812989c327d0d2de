"""``ISeatStore`` and ``IHoldLookup`` in plain Python: what the script does to bits, written to be
read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from onsale.service.seat_reservation.domain.result_head import head_of
from onsale.service.seat_reservation.domain.seat_selection import choose_best_available
from onsale.service.shared_kernel.seat_messages import (
    FinalizeSeats,
    RefusalReason,
    ReleaseSeats,
    ReserveSeats,
    ReserveSeatsByRules,
    SeatCommand,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
    SeatStateStale,
    SelectionMode,
)
from onsale.service.shared_kernel.seat_rules import SeatRules, indexes_in
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import (
    SeatCounts,
    SeatPosition,
    SeatState,
    SubsectionLayout,
)
from onsale.service.shared_kernel.single_seats import needless_singles


@dataclass(frozen=True)
class _Answer:
    """What a booking was answered last; it holds ``seats`` while it is neither refused nor freed.

    ``refusal`` with ``seats`` are the seats that were taken.
    """

    seq: int
    day: str
    seats: tuple[int, ...] = ()
    sold: bool = False
    released: bool = False
    refusal: RefusalReason | None = None

    @property
    def holds_seats(self) -> bool:
        return self.refusal is None and not self.released


@dataclass
class _Subsection:
    epoch: int
    layout: SubsectionLayout
    states: bytearray
    answers: dict[UUID, _Answer] = field(default_factory=dict)

    def decide(self, command: SeatCommand, now: datetime) -> SeatResult:
        if command.epoch != self.epoch:
            return SeatStateStale(**head_of(command))
        match command:
            case ReserveSeats():
                return self._reserve(command, now)
            case ReleaseSeats():
                return self._release(command)
            case FinalizeSeats():
                return self._finalize(command)

    def _reserve(self, command: ReserveSeats, now: datetime) -> SeatResult:
        known = self.answers.get(command.booking_id)
        if known is not None:
            if command.seq < known.seq:
                return SeatsRefused(**head_of(command), reason=RefusalReason.WITHDRAWN)
            if known.holds_seats:
                return self._hold(command, known.seats, sold=known.sold)
            if command.seq == known.seq:
                return SeatsRefused(
                    **head_of(command),
                    reason=known.refusal or RefusalReason.WITHDRAWN,
                    conflicts=self._positions(known.seats),
                )
        return self._reserve_anew(command, now)

    def _reserve_anew(self, command: ReserveSeats, now: datetime) -> SeatResult:
        if now > command.deadline:
            return self._refuse(command, RefusalReason.TOO_LATE)
        if command.mode is SelectionMode.MANUAL:
            return self._reserve_named(command)
        chosen = choose_best_available(
            self.states, self.layout.seats_per_row, command.quantity, _rules_of(command)
        )
        if chosen is None:
            return self._refuse(command, RefusalReason.SOLD_OUT)
        return self._hold(command, chosen)

    def _reserve_named(self, command: ReserveSeats) -> SeatResult:
        positions = [SeatPosition.parse(text) for text in command.positions]
        if not all(map(self.layout.contains, positions)):
            return self._refuse(command, RefusalReason.SEAT_OUT_OF_RANGE)
        asked = sorted(map(self.layout.index_of, positions))
        taken = [index for index in asked if self.states[index] != SeatState.AVAILABLE]
        if taken:
            return self._refuse(command, RefusalReason.SEAT_CONFLICT, taken)
        rules = _rules_of(command)
        if rules is not None and rules.leave_no_single_seats:
            set_aside = {*indexes_in(rules.accessible), *indexes_in(rules.companion)}
            singles = needless_singles(self.states, self.layout.seats_per_row, asked, set_aside)
            if singles:
                return self._refuse(command, RefusalReason.ORPHAN_SEAT, singles)
        return self._hold(command, asked)

    def _hold(
        self, command: SeatCommand, seats: Sequence[int], *, sold: bool = False
    ) -> SeatResult:
        self._set(seats, SeatState.SOLD if sold else SeatState.RESERVED)
        self._answer(command, seats=tuple(seats), sold=sold)
        return SeatsReserved(**head_of(command), positions=self._positions(seats))

    def _refuse(
        self, command: SeatCommand, reason: RefusalReason, conflicts: Sequence[int] = ()
    ) -> SeatResult:
        self._answer(command, refusal=reason, seats=tuple(conflicts))
        return SeatsRefused(**head_of(command), reason=reason, conflicts=self._positions(conflicts))

    def _release(self, command: ReleaseSeats) -> SeatResult:
        known = self.answers.get(command.booking_id)
        if known is None or command.seq >= known.seq:
            if known is not None and known.holds_seats:
                self._set(known.seats, SeatState.AVAILABLE)
            self._answer(command, released=True)
        return SeatsReleased(**head_of(command))

    def _finalize(self, command: FinalizeSeats) -> SeatResult:
        known = self.answers.get(command.booking_id)
        if known is not None and command.seq < known.seq:
            return SeatsFinalized(**head_of(command))
        if known is None or not known.holds_seats:
            return SeatStateStale(**head_of(command))
        self._set(known.seats, SeatState.SOLD)
        self._answer(command, seats=known.seats, sold=True)
        return SeatsFinalized(**head_of(command))

    def _answer(
        self,
        command: SeatCommand,
        *,
        seats: tuple[int, ...] = (),
        sold: bool = False,
        released: bool = False,
        refusal: RefusalReason | None = None,
    ) -> None:
        self.answers[command.booking_id] = _Answer(
            seq=command.seq,
            day=_day(command.booked_at),
            seats=seats,
            sold=sold,
            released=released,
            refusal=refusal,
        )

    def _set(self, seats: Sequence[int], state: SeatState) -> None:
        for index in seats:
            self.states[index] = state

    def _positions(self, seats: Sequence[int]) -> tuple[str, ...]:
        return tuple(str(self.layout.position_at(index)) for index in seats)

    def holds(self, days: Sequence[str]) -> dict[UUID, tuple[str, ...]]:
        return {
            booking_id: self._positions(answer.seats)
            for booking_id, answer in self.answers.items()
            if answer.day in days and answer.holds_seats
        }


class InMemorySeatStore:
    """Passes the contract suite of the real store."""

    def __init__(self) -> None:
        self._subsections: dict[tuple[int, str, int], _Subsection] = {}

    async def apply(self, commands: Sequence[SeatCommand], *, now: datetime) -> list[SeatResult]:
        # All or none: what cannot be read must be met before anything is decided.
        for command in commands:
            if isinstance(command, ReserveSeats):
                for text in command.positions:
                    SeatPosition.parse(text)
        return [self._decide(command, now) for command in commands]

    def _decide(self, command: SeatCommand, now: datetime) -> SeatResult:
        key = (command.event_id, command.section, command.subsection)
        if key not in self._subsections:
            return SeatStateStale(**head_of(command))
        return self._subsections[key].decide(command, now)

    async def install(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        for snapshot in subsections:
            layout = snapshot.layout
            self._subsections[event_id, layout.section, layout.subsection] = _Subsection(
                epoch=epoch,
                layout=layout,
                states=bytearray(snapshot.states),
                answers={
                    hold.booking_id: _Answer(
                        seq=hold.seq,
                        day=_day(hold.booked_at),
                        seats=tuple(
                            sorted(
                                layout.index_of(SeatPosition.parse(text)) for text in hold.positions
                            )
                        ),
                        sold=hold.sold,
                    )
                    for hold in snapshot.holds
                },
            )

    async def counts(self, event_id: int) -> dict[tuple[str, int], SeatCounts]:
        return {
            (section, subsection): SeatCounts(*(each.states.count(state) for state in SeatState))
            for (event, section, subsection), each in self._subsections.items()
            if event == event_id
        }

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> list[SubsectionStates | None]:
        return [self._states(event_id, each.section, each.subsection) for each in subsections]

    def _states(self, event_id: int, section: str, subsection: int) -> SubsectionStates | None:
        found = self._subsections.get((event_id, section, subsection))
        if found is None:
            return None
        return SubsectionStates(
            section=section,
            subsection=subsection,
            epoch=found.epoch,
            rows=found.layout.rows,
            seats_per_row=found.layout.seats_per_row,
            states=bytes(found.states),
        )

    async def holds(
        self, event_id: int, section: str, subsection: int, days: Sequence[str]
    ) -> dict[UUID, tuple[str, ...]]:
        found = self._subsections.get((event_id, section, subsection))
        return {} if found is None else found.holds(days)

    async def check(self) -> None:
        """Memory always answers."""


def _rules_of(command: ReserveSeats) -> SeatRules | None:
    return command.rules if isinstance(command, ReserveSeatsByRules) else None


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d")
