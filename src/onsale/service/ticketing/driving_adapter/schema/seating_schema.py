"""The hall in a request (long form, or short form for a regular hall) and in an answer (long)."""

from typing import Annotated

import msgspec
from pydantic import Discriminator, Field, Tag

from onsale.service.shared_kernel.seating import SEATS_PER_SUBSECTION_MAX
from onsale.service.ticketing.domain.value_object.seating_config import (
    PRICE_CENTS_MAX,
    SUBSECTION_NUMBER_MAX,
    SUBSECTIONS_PER_EVENT_MAX,
    Rectangle,
    SeatingConfig,
    Section,
)
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel

# Parts of an error's path that are not of the document.
FORM_TAGS = frozenset({"long form", "short form"})

_SectionName = Annotated[
    str,
    Field(pattern="^[A-Za-z0-9_-]{1,20}$", description="unique within the hall; case matters"),
]
_Price = Annotated[int, Field(ge=0, le=PRICE_CENTS_MAX, description="of a seat, in cents")]
_Side = Annotated[int, Field(ge=1, le=SEATS_PER_SUBSECTION_MAX)]


class SubsectionForm(RequestModel):
    """One rectangle of seats."""

    number: int = Field(ge=1, le=SUBSECTION_NUMBER_MAX)
    rows: _Side
    seats_per_row: _Side


class SectionForm(RequestModel):
    """A section and its rectangles."""

    name: _SectionName
    price: _Price
    subsections: Annotated[
        list[SubsectionForm],
        Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX, fail_fast=True),
    ]


class HallForm(RequestModel):
    """Any hall."""

    sections: Annotated[
        list[SectionForm], Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX, fail_fast=True)
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
                    tuple(
                        Rectangle(part.number, part.rows, part.seats_per_row)
                        for part in section.subsections
                    ),
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
        Field(min_length=1, max_length=SUBSECTIONS_PER_EVENT_MAX, fail_fast=True),
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


def _form_of(hall: object) -> str:
    is_short = isinstance(hall, dict) and not hall.keys().isdisjoint({"rows", "cols"})
    return "short form" if is_short else "long form"


AnyHallForm = Annotated[
    Annotated[HallForm, Tag("long form")] | Annotated[RegularHallForm, Tag("short form")],
    Discriminator(_form_of),
]


class SubsectionBody(msgspec.Struct, frozen=True):
    """One rectangle of seats."""

    number: int
    rows: int
    seats_per_row: int


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
                [
                    SubsectionBody(part.number, part.rows, part.seats_per_row)
                    for part in section.subsections
                ],
            )
            for section in config.sections
        ]
    )
