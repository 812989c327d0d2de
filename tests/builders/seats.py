"""Seat commands and snapshots for tests: what a test does not speak of has a sensible value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from onsale.service.shared_kernel.seat_messages import (
    FinalizeSeats,
    ReleaseSeats,
    ReserveSeats,
    ReserveSeatsByRules,
    SelectionMode,
)
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.shared_kernel.seat_snapshot import HeldSeats, SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout

NOW = datetime(2030, 5, 17, 12, 0, tzinfo=UTC)
TODAY = "20300517"
EVENT = 42
EPOCH = 7


@dataclass(frozen=True)
class SeatBooking:
    """A booking as the seat store meets it: the source of its commands."""

    event_id: int = EVENT
    section: str = "A"
    subsection: int = 1
    epoch: int = EPOCH
    booked_at: datetime = NOW
    id: UUID = field(default_factory=uuid4)

    def best_available(
        self, quantity: int = 1, *, seq: int = 1, deadline: datetime | None = None
    ) -> ReserveSeats:
        return self._reserve(SelectionMode.BEST_AVAILABLE, quantity, (), seq, deadline)

    def manual(
        self, *positions: str, seq: int = 1, deadline: datetime | None = None
    ) -> ReserveSeats:
        return self._reserve(SelectionMode.MANUAL, len(positions), positions, seq, deadline)

    def _reserve(
        self,
        mode: SelectionMode,
        quantity: int,
        positions: tuple[str, ...],
        seq: int,
        deadline: datetime | None,
    ) -> ReserveSeats:
        return ReserveSeats(
            booking_id=self.id,
            event_id=self.event_id,
            section=self.section,
            subsection=self.subsection,
            epoch=self.epoch,
            seq=seq,
            booked_at=self.booked_at,
            mode=mode,
            quantity=quantity,
            positions=positions,
            deadline=deadline or self.booked_at + timedelta(minutes=15),
        )

    def best_by(self, rules: SeatRules, quantity: int = 1, *, seq: int = 1) -> ReserveSeatsByRules:
        return _by(rules, self.best_available(quantity, seq=seq))

    def manual_by(self, rules: SeatRules, *positions: str, seq: int = 1) -> ReserveSeatsByRules:
        return _by(rules, self.manual(*positions, seq=seq))

    def release(self, *, seq: int = 2) -> ReleaseSeats:
        return ReleaseSeats(
            booking_id=self.id,
            event_id=self.event_id,
            section=self.section,
            subsection=self.subsection,
            epoch=self.epoch,
            seq=seq,
            booked_at=self.booked_at,
        )

    def finalize(self, *, seq: int = 2) -> FinalizeSeats:
        return FinalizeSeats(
            booking_id=self.id,
            event_id=self.event_id,
            section=self.section,
            subsection=self.subsection,
            epoch=self.epoch,
            seq=seq,
            booked_at=self.booked_at,
        )

    def held(self, *positions: str, seq: int = 1, sold: bool = False) -> HeldSeats:
        """The same booking in a ledger's snapshot."""
        return HeldSeats(self.id, self.booked_at, seq, positions, sold)


def _by(rules: SeatRules, plain: ReserveSeats) -> ReserveSeatsByRules:
    return ReserveSeatsByRules(**msgspec.structs.asdict(plain), rules=rules)


def layout(
    rows: int = 4, seats_per_row: int = 5, *, section: str = "A", subsection: int = 1
) -> SubsectionLayout:
    return SubsectionLayout(section, subsection, rows, seats_per_row, price=1000)


def hall(text: str) -> bytes:
    """States from a drawing: ``.`` available, ``r`` reserved, ``s`` sold, ``b`` blocked."""
    return bytes(".rsb".index(seat) for seat in "".join(text.split()))


def drawing(states: Iterable[int], seats_per_row: int) -> str:
    """The inverse of :func:`hall`, a row a word."""
    seats = "".join(".rsb"[state] for state in states)
    rows = range(0, len(seats), seats_per_row)
    return " ".join(seats[start : start + seats_per_row] for start in rows)


def snapshot(
    of: SubsectionLayout, states: bytes | None = None, holds: Sequence[HeldSeats] = ()
) -> SubsectionSnapshot:
    """An empty subsection unless ``states`` are given; the seats of ``holds`` are marked."""
    marked = bytearray(states if states is not None else bytes(of.seat_count))
    for hold in holds:
        for position in hold.positions:
            marked[of.index_of(SeatPosition.parse(position))] = 2 if hold.sold else 1
    return SubsectionSnapshot(of, bytes(marked), holds)
