"""The hall in a request (long form, or short form for a regular hall) and in an answer (long)."""

from typing import Annotated

import msgspec
from pydantic import Discriminator, Field, Tag

from onsale.service.shared_kernel.seating import SEATS_PER_SUBSECTION_MAX, PriceCategory
from onsale.service.ticketing.domain.value_object.seating_config import (
    PRICE_CATEGORIES_PER_SUBSECTION_MAX,
    PRICE_CENTS_MAX,
    SEATS_OF_A_KIND_PER_SUBSECTION_MAX,
    SUBSECTION_NUMBER_MAX,
    SUBSECTIONS_PER_EVENT_MAX,
    Rectangle,
    SeatingConfig,
    Section,
)
from onsale.service.ticketing.driving_adapter.schema.fields import Position, RequestModel

_LONG_FORM, _SHORT_FORM = "long form", "short form"
# Parts of an error's path that are not of the document.
FORM_TAGS = frozenset({_LONG_FORM, _SHORT_FORM})

_SectionName = Annotated[
    str,
    Field(pattern="^[A-Za-z0-9_-]{1,20}$", description="unique within the hall; case matters"),
]
_Price = Annotated[int, Field(ge=0, le=PRICE_CENTS_MAX, description="of a seat, in cents")]
_Positions = Annotated[
    list[Position],
    Field(max_length=SEATS_OF_A_KIND_PER_SUBSECTION_MAX, fail_fast=True, examples=[["1-1", "1-2"]]),
]
_Side = Annotated[int, Field(ge=1, le=SEATS_PER_SUBSECTION_MAX)]


class PriceCategoryForm(RequestModel):
    """Rows whose seats have a price of their own."""

    name: Annotated[
        str,
        Field(pattern="^[A-Za-z0-9_-]{1,20}$", description="unique within the subsection"),
    ]
    price: _Price
    rows: Annotated[
        list[_Side],
        Field(
            min_length=2, max_length=2, description="the first row and the last", examples=[[1, 5]]
        ),
    ]

    def to_domain(self) -> PriceCategory:
        """The category; its rows are judged with the subsection."""
        first_row, last_row = self.rows
        return PriceCategory(self.name, self.price, first_row, last_row)


class SubsectionForm(RequestModel):
    """One rectangle of seats. Rows in no price category have the section's price; no two categories
    share a row. No seat is both accessible and a companion's.
    """

    number: int = Field(ge=1, le=SUBSECTION_NUMBER_MAX)
    rows: _Side
    seats_per_row: _Side
    price_categories: Annotated[
        list[PriceCategoryForm], Field(max_length=PRICE_CATEGORIES_PER_SUBSECTION_MAX)
    ] = Field(default=[])
    accessible: Annotated[
        _Positions, Field(description="seats for those who need an accessible one")
    ] = Field(default=[])
    companion: Annotated[_Positions, Field(description="seats for those who come with them")] = (
        Field(default=[])
    )

    def to_domain(self) -> Rectangle:
        """The rectangle; its parts are judged with the hall."""
        return Rectangle(
            self.number,
            self.rows,
            self.seats_per_row,
            tuple(category.to_domain() for category in self.price_categories),
            tuple(self.accessible),
            tuple(self.companion),
        )


class SectionForm(RequestModel):
    """A section and its rectangles."""

    name: _SectionName
    price: _Price
    subsections: Annotated[
        list[SubsectionForm],
        Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX),
    ]


class HallForm(RequestModel):
    """Any hall."""

    sections: Annotated[
        list[SectionForm], Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX)
    ]

    def to_domain(self) -> SeatingConfig:
        """The hall, checked as a whole.

        Raises:
            InvalidInputError: a name or number that stands twice, or too many seats.
        """
        return SeatingConfig.of(
            [
                Section(
                    section.name,
                    section.price,
                    tuple(part.to_domain() for part in section.subsections),
                )
                for section in self.sections
            ]
        )


class RegularSectionForm(RequestModel):
    """A section of ``subsections`` equal rectangles, numbered from 1."""

    name: _SectionName
    price: _Price
    subsections: int = Field(ge=1, le=SUBSECTIONS_PER_EVENT_MAX)


class RegularHallForm(RequestModel):
    """A hall whose subsections all have ``rows`` by ``cols`` seats."""

    rows: _Side
    cols: _Side
    sections: Annotated[
        list[RegularSectionForm],
        Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX),
    ]

    def to_domain(self) -> SeatingConfig:
        """The hall, checked as a whole.

        Raises:
            InvalidInputError: a name that stands twice, or too many seats.
        """
        return SeatingConfig.of(
            [
                Section.regular(
                    section.name, section.price, section.subsections, self.rows, self.cols
                )
                for section in self.sections
            ]
        )


def _form_of(hall: object) -> str | None:
    """Which form is meant; ``None`` for more than any hall may have. All mistakes of all parts are
    told, so the parts are counted before they are looked at.
    """
    if not isinstance(hall, dict):
        return _LONG_FORM
    if max(_counts(hall.get("sections"))) > SUBSECTIONS_PER_EVENT_MAX:
        return None
    return _LONG_FORM if hall.keys().isdisjoint({"rows", "cols"}) else _SHORT_FORM


def _counts(sections: object) -> tuple[int, int]:
    """How many sections there are, and how many subsections are described one by one."""
    if not isinstance(sections, list):
        return 0, 0
    parts = (each.get("subsections") for each in sections if isinstance(each, dict))
    return len(sections), sum(len(part) for part in parts if isinstance(part, list))


AnyHallForm = Annotated[
    Annotated[HallForm, Tag(_LONG_FORM)] | Annotated[RegularHallForm, Tag(_SHORT_FORM)],
    Discriminator(
        _form_of,
        custom_error_type="too_many_subsections",
        custom_error_message=f"A hall has at most {SUBSECTIONS_PER_EVENT_MAX} subsections",
    ),
]


class PriceCategoryBody(msgspec.Struct, frozen=True):
    """Rows, both ends included, whose seats have a price of their own, in cents."""

    name: str
    price: int
    rows: tuple[int, int]


class SubsectionBody(msgspec.Struct, frozen=True):
    """One rectangle of seats; what it has none of is left out."""

    number: int
    rows: int
    seats_per_row: int
    price_categories: list[PriceCategoryBody] | msgspec.UnsetType = msgspec.UNSET
    accessible: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    companion: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class SectionConfigBody(msgspec.Struct, frozen=True):
    """A section, the price of each of its seats in cents, and its rectangles."""

    name: str
    price: int
    subsections: list[SubsectionBody]


class SeatingConfigBody(msgspec.Struct, frozen=True):
    """The hall in its long form."""

    sections: list[SectionConfigBody]


def seating_config_body(config: SeatingConfig) -> SeatingConfigBody:
    """The hall in its long form."""
    return SeatingConfigBody(
        [
            SectionConfigBody(
                section.name,
                section.price,
                [_subsection_body(part) for part in section.subsections],
            )
            for section in config.sections
        ]
    )


def _subsection_body(part: Rectangle) -> SubsectionBody:
    return SubsectionBody(
        part.number,
        part.rows,
        part.seats_per_row,
        [
            PriceCategoryBody(each.name, each.price, (each.first_row, each.last_row))
            for each in part.price_categories
        ]
        or msgspec.UNSET,
        part.accessible or msgspec.UNSET,
        part.companion or msgspec.UNSET,
    )
