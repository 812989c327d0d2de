"""The halls that can be sold: sections of rectangular subsections, each section with its price."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self

from onsale.service.shared_kernel.seating import (
    SEATS_PER_EVENT_MAX,
    SEATS_PER_SUBSECTION_MAX,
    PriceCategory,
    SeatPosition,
    SubsectionLayout,
)
from onsale.service.ticketing.domain.exceptions import (
    InvalidInputError,
    SubsectionNotFoundError,
)

# Every page and stream of an event names each of its subsections.
SUBSECTIONS_PER_EVENT_MAX = 2_500
PRICE_CENTS_MAX = 100_000_000
PRICE_CATEGORIES_PER_SUBSECTION_MAX = 20
PRICE_CATEGORIES_PER_EVENT_MAX = 5_000
# Of each kind, accessible and companion.
SEATS_OF_A_KIND_PER_SUBSECTION_MAX = 500
SEATS_SET_ASIDE_PER_EVENT_MAX = 20_000
# So many seats that are set aside are as much to remember and to tell as one subsection.
_SEATS_LIKE_A_SUBSECTION = 8
SUBSECTION_NUMBER_MAX = 1_000_000
_TOO_MANY_SUBSECTIONS = (
    "seating_config.sections",
    f"a hall has at most {SUBSECTIONS_PER_EVENT_MAX} subsections",
)
_NAME_CHARACTERS = "1 to 20 letters, digits, '-' or '_'"
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
    """One subsection of a section, by its number, with its rows and seats per row. Positions
    (``row-seat``) and categories stand in the order in which the seller named them.
    """

    number: int
    rows: int
    seats_per_row: int
    price_categories: tuple[PriceCategory, ...] = ()
    accessible: tuple[str, ...] = ()
    companion: tuple[str, ...] = ()


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
            for place, rectangle in enumerate(section.subsections):
                key = (section.name, rectangle.number)
                if key in layouts:
                    raise InvalidInputError(where, f"subsection {rectangle.number} stands twice")
                layout = _layout(section, rectangle, where)
                layouts[key] = _with_kinds(layout, rectangle, f"{where}.subsections.{place}")
        _check_totals(layouts.values())
        return cls(tuple(sections), layouts)

    @property
    def seat_count(self) -> int:
        """Seats of the whole hall."""
        return sum(layout.seat_count for layout in self)

    @property
    def subsection_count(self) -> int:
        """Subsections of the whole hall."""
        return len(self._layouts)

    @property
    def weight(self) -> int:
        """How much the hall is to remember and to tell, in plain subsections."""
        return self.subsection_count + sum(
            len(layout.categories)
            + (len(layout.accessible) + len(layout.companion)) // _SEATS_LIKE_A_SUBSECTION
            for layout in self
        )

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
        raise InvalidInputError(where, f"a section name has {_NAME_CHARACTERS}")
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


def _with_kinds(plain: SubsectionLayout, rectangle: Rectangle, where: str) -> SubsectionLayout:
    if not (rectangle.price_categories or rectangle.accessible or rectangle.companion):
        return plain
    _check_categories(rectangle, f"{where}.price_categories")
    accessible = _indexes(plain, rectangle.accessible, f"{where}.accessible")
    companion = _indexes(plain, rectangle.companion, f"{where}.companion")
    if not set(accessible).isdisjoint(companion):
        raise InvalidInputError(f"{where}.companion", "a seat is accessible or a companion's")
    return replace(
        plain,
        categories=rectangle.price_categories,
        accessible=accessible,
        companion=companion,
    )


def _check_categories(rectangle: Rectangle, where: str) -> None:
    categories = rectangle.price_categories
    if len(categories) > PRICE_CATEGORIES_PER_SUBSECTION_MAX:
        raise InvalidInputError(
            where, f"a subsection has at most {PRICE_CATEGORIES_PER_SUBSECTION_MAX} categories"
        )
    if len({category.name for category in categories}) != len(categories):
        raise InvalidInputError(where, "this category name stands twice")
    for category in categories:
        if SECTION_NAME.fullmatch(category.name) is None:
            raise InvalidInputError(where, f"a category name has {_NAME_CHARACTERS}")
        if not 0 <= category.price <= PRICE_CENTS_MAX:
            raise InvalidInputError(where, f"a price is 0 to {PRICE_CENTS_MAX} cents")
        if not 1 <= category.first_row <= category.last_row <= rectangle.rows:
            raise InvalidInputError(where, f"rows are first and last, within 1 to {rectangle.rows}")
    in_order = sorted(categories, key=lambda category: category.first_row)
    for before, after in pairwise(in_order):
        if after.first_row <= before.last_row:
            raise InvalidInputError(where, f"row {after.first_row} is in two categories")


def _indexes(layout: SubsectionLayout, texts: Sequence[str], where: str) -> tuple[int, ...]:
    """The seats as ascending indexes."""
    if len(texts) > SEATS_OF_A_KIND_PER_SUBSECTION_MAX:
        raise InvalidInputError(
            where, f"a subsection has at most {SEATS_OF_A_KIND_PER_SUBSECTION_MAX} of them"
        )
    indexes = set()
    for number, text in enumerate(texts):
        try:
            position = SeatPosition.parse(text)
        except ValueError:
            raise InvalidInputError(
                f"{where}.{number}", "a position is row-seat, both from 1: 3-14"
            ) from None
        if not layout.contains(position):
            raise InvalidInputError(f"{where}.{number}", "this seat lies outside the subsection")
        indexes.add(layout.index_of(position))
    if len(indexes) != len(texts):
        raise InvalidInputError(where, "a position stands twice")
    return tuple(sorted(indexes))


def _check_totals(layouts: Collection[SubsectionLayout]) -> None:
    if sum(layout.seat_count for layout in layouts) > SEATS_PER_EVENT_MAX:
        raise InvalidInputError(
            "seating_config", f"an event has at most {SEATS_PER_EVENT_MAX} seats"
        )
    set_aside = sum(len(layout.accessible) + len(layout.companion) for layout in layouts)
    if set_aside > SEATS_SET_ASIDE_PER_EVENT_MAX:
        raise InvalidInputError(
            "seating_config",
            f"an event has at most {SEATS_SET_ASIDE_PER_EVENT_MAX} accessible and companion seats",
        )
    if sum(len(layout.categories) for layout in layouts) > PRICE_CATEGORIES_PER_EVENT_MAX:
        raise InvalidInputError(
            "seating_config",
            f"an event has at most {PRICE_CATEGORIES_PER_EVENT_MAX} price categories",
        )
