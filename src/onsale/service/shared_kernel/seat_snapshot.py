"""An event's seats as the ledger hands them to the seat store, and as the store tells them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from onsale.service.shared_kernel.seating import SubsectionLayout


class InconsistentSnapshotError(ValueError):
    """The snapshot contradicts itself, so no seat state can be made from it."""


@dataclass(frozen=True, slots=True)
class HeldSeats:
    """What one live booking holds; ``sold`` tells a paid booking from a mere hold."""

    booking_id: UUID
    booked_at: datetime
    seq: int
    positions: tuple[str, ...]
    sold: bool


@dataclass(frozen=True, slots=True)
class SubsectionSnapshot:
    """``states`` has one byte per seat (a ``SeatState`` value), row by row."""

    layout: SubsectionLayout
    states: bytes
    holds: Sequence[HeldSeats] = field(default=())


@dataclass(frozen=True, slots=True)
class SubsectionStates:
    """What the seat store holds of one subsection: ``states`` has one byte (a ``SeatState`` value)
    per seat, row by row.
    """

    section: str
    subsection: int
    epoch: int
    rows: int
    seats_per_row: int
    states: bytes
