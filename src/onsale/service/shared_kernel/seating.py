"""Seat positions, the layout of a subsection, and the state of a seat."""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

SEATS_PER_SUBSECTION_MAX = 10_000
SEATS_PER_EVENT_MAX = 1_000_000
TICKETS_PER_BOOKING_MAX = 10

_POSITION = re.compile(r"([1-9][0-9]*)-([1-9][0-9]*)", re.ASCII)


class SeatState(IntEnum):
    """The two bits of a seat in the seat store; ``ticket.status`` uses the lower-case names."""

    AVAILABLE = 0
    RESERVED = 1
    SOLD = 2
    BLOCKED = 3


@dataclass(frozen=True, slots=True, order=True)
class SeatPosition:
    """A seat within its subsection; both numbers count from 1."""

    row: int
    seat: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"row-seat"``: plain decimal, no sign, no leading zero.

        Raises:
            ValueError: the text has another form.
        """
        match = _POSITION.fullmatch(text)
        if match is None:
            raise ValueError(f"not a seat position: {text[:64]!r}")
        row, seat = match.groups()
        # Longer numbers lie outside any layout; cut so that hostile digits cost no time.
        return cls(int(row[:12]), int(seat[:12]))

    def __str__(self) -> str:
        return f"{self.row}-{self.seat}"


@dataclass(frozen=True, slots=True)
class PriceCategory:
    """Rows of a subsection, both ends included, whose seats have their own ``price`` (cents)."""

    name: str
    price: int
    first_row: int
    last_row: int


@dataclass(frozen=True, slots=True)
class SubsectionLayout:
    """The rectangle of a subsection. ``price`` (integer cents) is that of each seat whose row is in
    none of the ``categories``. ``accessible`` and ``companion`` are indexes, ascending; together
    they are the seats that are set aside: nobody gets one who does not ask for it.
    """

    section: str
    subsection: int
    rows: int
    seats_per_row: int
    price: int
    categories: tuple[PriceCategory, ...] = ()
    accessible: tuple[int, ...] = ()
    companion: tuple[int, ...] = ()

    @property
    def seat_count(self) -> int:
        """How many seats the rectangle holds."""
        return self.rows * self.seats_per_row

    @property
    def set_aside(self) -> frozenset[int]:
        """Indexes of the accessible and the companion seats."""
        return frozenset(self.accessible + self.companion)

    def category_of(self, row: int) -> PriceCategory | None:
        """The category of a row (from 1), if it is in one."""
        for category in self.categories:
            if category.first_row <= row <= category.last_row:
                return category
        return None

    def price_of(self, row: int) -> int:
        """What a seat of this row (from 1) costs, in cents."""
        category = self.category_of(row)
        return self.price if category is None else category.price

    def contains(self, position: SeatPosition) -> bool:
        """Whether the position lies in the rectangle."""
        return 1 <= position.row <= self.rows and 1 <= position.seat <= self.seats_per_row

    def index_of(self, position: SeatPosition) -> int:
        """The seat's place in the bitmap, from 0, row by row."""
        return (position.row - 1) * self.seats_per_row + position.seat - 1

    def position_at(self, index: int) -> SeatPosition:
        """The inverse of :meth:`index_of`."""
        row, seat = divmod(index, self.seats_per_row)
        return SeatPosition(row + 1, seat + 1)


@dataclass(frozen=True, slots=True)
class SeatCounts:
    """How many seats of a subsection are in each state."""

    available: int
    reserved: int
    sold: int
    blocked: int
