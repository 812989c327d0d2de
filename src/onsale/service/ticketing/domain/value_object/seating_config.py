"""The halls that can be sold: sections of rectangular subsections, each section with its price."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from onsale.service.shared_kernel.seating import (
    SEATS_PER_EVENT_MAX,
    SEATS_PER_SUBSECTION_MAX,
    SubsectionLayout,
)
from onsale.service.ticketing.domain.exceptions import (
    InvalidInputError,
    SubsectionNotFoundError,
)

# Every page and stream of an event names each of its subsections.
SUBSECTIONS_PER_EVENT_MAX = 2_500
PRICE_CENTS_MAX = 100_000_000
SUBSECTION_NUMBER_MAX = 1_000_000
_TOO_MANY_SUBSECTIONS = (
    "seating_config.sections",
    f"a hall has at most {SUBSECTIONS_PER_EVENT_MAX} subsections",
)
SECTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its name, the price of each seat in cents, its rectangles by number."""

    name: str
    price: int
    subsections: tuple["Rectangle", ...]

    @classmethod
    def regular(cls, name: str, price: int, count: int, rows: int, seats_per_row: int) -> Self:
        """``count`` equal subsections, numbered from 1: the short form of a regular hall."""
        if count > SUBSECTIONS_PER_EVENT_MAX:
            raise InvalidInputError(*_TOO_MANY_SUBSECTIONS)
        numbers = range(1, count + 1)
        return cls(name, price, tuple(Rectangle(n, rows, seats_per_row) for n in numbers))


@dataclass(frozen=True, slots=True)
class Rectangle:
    """One subsection of a section, by its number, with its rows and seats per row."""

    number: int
    rows: int
    seats_per_row: int


@dataclass(frozen=True, slots=True)
class SeatingConfig:
    """Every section of an event, in the order in which the seller named them."""

    sections: tuple[Section, ...]
    _layouts: dict[tuple[str, int], SubsectionLayout] = field(repr=False, compare=False)

    @classmethod
    def of(cls, sections: Sequence[Section]) -> Self:
        """Check the hall as a whole.

        Raises:
            InvalidInputError: nothing to sell, a name that stands twice, or a limit exceeded.
        """
        if not sections:
            raise InvalidInputError("seating_config.sections", "a hall needs at least one section")
        if sum(len(section.subsections) for section in sections) > SUBSECTIONS_PER_EVENT_MAX:
            raise InvalidInputError(*_TOO_MANY_SUBSECTIONS)
        layouts: dict[tuple[str, int], SubsectionLayout] = {}
        names: set[str] = set()
        for number, section in enumerate(sections):
            where = f"seating_config.sections.{number}"
            if section.name in names:
                raise InvalidInputError(where, "this section name stands twice")
            names.add(section.name)
            _check_section(section, where)
            for rectangle in section.subsections:
                key = (section.name, rectangle.number)
                if key in layouts:
                    raise InvalidInputError(where, f"subsection {rectangle.number} stands twice")
                layouts[key] = _layout(section, rectangle, where)
        if sum(layout.seat_count for layout in layouts.values()) > SEATS_PER_EVENT_MAX:
            raise InvalidInputError(
                "seating_config", f"an event has at most {SEATS_PER_EVENT_MAX} seats"
            )
        return cls(tuple(sections), layouts)

    @property
    def seat_count(self) -> int:
        """Seats of the whole hall."""
        return sum(layout.seat_count for layout in self)

    @property
    def subsection_count(self) -> int:
        """Subsections of the whole hall."""
        return len(self._layouts)

    def find(self, section: str, subsection: int) -> SubsectionLayout:
        """The layout of one subsection; section names compare with case.

        Raises:
            SubsectionNotFoundError: the hall has none of that name and number.
        """
        layout = self._layouts.get((section, subsection))
        if layout is None:
            raise SubsectionNotFoundError(section=section[:20], subsection=subsection)
        return layout

    def __iter__(self) -> Iterator[SubsectionLayout]:
        return iter(self._layouts.values())


def _check_section(section: Section, where: str) -> None:
    if SECTION_NAME.fullmatch(section.name) is None:
        raise InvalidInputError(where, "a section name has 1 to 20 letters, digits, '-' or '_'")
    if not 0 <= section.price <= PRICE_CENTS_MAX:
        raise InvalidInputError(where, f"a price is 0 to {PRICE_CENTS_MAX} cents")
    if not section.subsections:
        raise InvalidInputError(where, "a section needs at least one subsection")


def _layout(section: Section, rectangle: Rectangle, where: str) -> SubsectionLayout:
    if min(rectangle.number, rectangle.rows, rectangle.seats_per_row) < 1:
        raise InvalidInputError(where, "numbers, rows and seats per row count from 1")
    if rectangle.number > SUBSECTION_NUMBER_MAX:
        raise InvalidInputError(where, f"a subsection number is at most {SUBSECTION_NUMBER_MAX}")
    if rectangle.rows * rectangle.seats_per_row > SEATS_PER_SUBSECTION_MAX:
        raise InvalidInputError(where, f"a subsection has at most {SEATS_PER_SUBSECTION_MAX} seats")
    return SubsectionLayout(
        section.name, rectangle.number, rectangle.rows, rectangle.seats_per_row, section.price
    )
