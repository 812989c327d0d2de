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
# Nobody mends more of them at once.
FAULTS_TOLD_MAX = 50

Fault = tuple[str, str]
"""The dotted path of a value that breaks a rule, and the rule."""


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
        """Check the hall as a whole, and tell all that is wrong with it.

        Raises:
            InvalidInputError: nothing to sell, a name that stands twice, or a limit exceeded.
        """
        if not sections:
            raise InvalidInputError("seating_config.sections", "a hall needs at least one section")
        if sum(len(section.subsections) for section in sections) > SUBSECTIONS_PER_EVENT_MAX:
            raise InvalidInputError(*_TOO_MANY_SUBSECTIONS)
        layouts: dict[tuple[str, int], SubsectionLayout] = {}
        faults: list[Fault] = []
        names: set[str] = set()
        for number, section in enumerate(sections):
            where = f"seating_config.sections.{number}"
            if section.name in names:
                faults.append((where, "this section name stands twice"))
            names.add(section.name)
            faults += _section_faults(section, where)
            for place, rectangle in enumerate(section.subsections):
                layout = _layout(section, rectangle, f"{where}.subsections.{place}", faults)
                layouts[section.name, rectangle.number] = layout
        # What is wrong with a part may be what makes too much of the whole.
        faults = faults or [*_total_faults(layouts.values())]
        if faults:
            first, *more = [*dict.fromkeys(faults)][:FAULTS_TOLD_MAX]
            raise InvalidInputError(*first, *more)
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


def _section_faults(section: Section, where: str) -> Iterator[Fault]:
    if SECTION_NAME.fullmatch(section.name) is None:
        yield where, f"a section name has {_NAME_CHARACTERS}"
    if not 0 <= section.price <= PRICE_CENTS_MAX:
        yield where, f"a price is 0 to {PRICE_CENTS_MAX} cents"
    if not section.subsections:
        yield where, "a section needs at least one subsection"
    numbers: set[int] = set()
    # The short form has no subsections one by one: it is the section that is named.
    for rectangle in section.subsections:
        if rectangle.number in numbers:
            yield where, f"subsection {rectangle.number} stands twice"
        numbers.add(rectangle.number)
        yield from _size_faults(rectangle, where)


def _size_faults(rectangle: Rectangle, where: str) -> Iterator[Fault]:
    if min(rectangle.number, rectangle.rows, rectangle.seats_per_row) < 1:
        yield where, "numbers, rows and seats per row count from 1"
    if rectangle.number > SUBSECTION_NUMBER_MAX:
        yield where, f"a subsection number is at most {SUBSECTION_NUMBER_MAX}"
    if rectangle.rows * rectangle.seats_per_row > SEATS_PER_SUBSECTION_MAX:
        yield where, f"a subsection has at most {SEATS_PER_SUBSECTION_MAX} seats"


def _layout(
    section: Section, rectangle: Rectangle, where: str, faults: list[Fault]
) -> SubsectionLayout:
    """The layout; what is wrong with its kinds of seats comes to the ``faults``."""
    plain = SubsectionLayout(
        section.name, rectangle.number, rectangle.rows, rectangle.seats_per_row, section.price
    )
    if not (rectangle.price_categories or rectangle.accessible or rectangle.companion):
        return plain
    faults += _category_faults(rectangle, f"{where}.price_categories")
    accessible = _indexes(plain, rectangle.accessible, f"{where}.accessible", faults)
    companion = _indexes(plain, rectangle.companion, f"{where}.companion", faults)
    if not set(accessible).isdisjoint(companion):
        faults.append((f"{where}.companion", "a seat is accessible or a companion's"))
    return replace(
        plain,
        categories=rectangle.price_categories,
        accessible=accessible,
        companion=companion,
    )


def _category_faults(rectangle: Rectangle, where: str) -> Iterator[Fault]:
    categories = rectangle.price_categories
    if len(categories) > PRICE_CATEGORIES_PER_SUBSECTION_MAX:
        yield where, f"a subsection has at most {PRICE_CATEGORIES_PER_SUBSECTION_MAX} categories"
        return
    if len({category.name for category in categories}) != len(categories):
        yield where, "this category name stands twice"
    for category in categories:
        if SECTION_NAME.fullmatch(category.name) is None:
            yield where, f"a category name has {_NAME_CHARACTERS}"
        if not 0 <= category.price <= PRICE_CENTS_MAX:
            yield where, f"a price is 0 to {PRICE_CENTS_MAX} cents"
        if not 1 <= category.first_row <= category.last_row <= rectangle.rows:
            yield where, f"rows are first and last, within 1 to {rectangle.rows}"
    in_order = sorted(categories, key=lambda category: category.first_row)
    for before, after in pairwise(in_order):
        if after.first_row <= before.last_row:
            yield where, f"row {after.first_row} is in two categories"


def _indexes(
    layout: SubsectionLayout, texts: Sequence[str], where: str, faults: list[Fault]
) -> tuple[int, ...]:
    """The seats as ascending indexes; those that are none come to the ``faults``."""
    if len(texts) > SEATS_OF_A_KIND_PER_SUBSECTION_MAX:
        faults.append(
            (where, f"a subsection has at most {SEATS_OF_A_KIND_PER_SUBSECTION_MAX} of them")
        )
        return ()
    indexes: list[int] = []
    for number, text in enumerate(texts):
        try:
            position = SeatPosition.parse(text)
        except ValueError:
            faults.append((f"{where}.{number}", "a position is row-seat, both from 1: 3-14"))
            continue
        if layout.contains(position):
            indexes.append(layout.index_of(position))
        else:
            faults.append((f"{where}.{number}", "this seat lies outside the subsection"))
    if len(set(indexes)) != len(indexes):
        faults.append((where, "a position stands twice"))
    return tuple(sorted(indexes))


def _total_faults(layouts: Collection[SubsectionLayout]) -> Iterator[Fault]:
    if sum(layout.seat_count for layout in layouts) > SEATS_PER_EVENT_MAX:
        yield "seating_config", f"an event has at most {SEATS_PER_EVENT_MAX} seats"
    set_aside = sum(len(layout.accessible) + len(layout.companion) for layout in layouts)
    if set_aside > SEATS_SET_ASIDE_PER_EVENT_MAX:
        yield (
            "seating_config",
            f"an event has at most {SEATS_SET_ASIDE_PER_EVENT_MAX} accessible and companion seats",
        )
    if sum(len(layout.categories) for layout in layouts) > PRICE_CATEGORIES_PER_EVENT_MAX:
        yield (
            "seating_config",
            f"an event has at most {PRICE_CATEGORIES_PER_EVENT_MAX} price categories",
        )
