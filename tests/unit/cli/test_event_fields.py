"""Fields of an event that there are none of, at every level, and prices that are no cents."""

from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from onsale.cli.event_fields import UNKNOWN_TOLD_MAX, about, unknown_fields
from onsale.client import requests
from onsale.client.answers import PriceCategory
from onsale.client.errors import FieldError
from onsale.service.ticketing.driving_adapter.schema import seating_schema
from onsale.service.ticketing.driving_adapter.schema.event_schema import CreateEventRequest

Event = dict[str, Any]


def regular(**changes: object) -> Event:
    hall = {"rows": 2, "cols": 3, "sections": [{"name": "A", "price": 5, "subsections": 1}]}
    return {"name": "Opera", "venue_name": "House", "seating_config": {**hall, **changes}}


def by_hand(part: Event, **section: object) -> Event:
    parts = [{"number": 1, "rows": 1, "seats_per_row": 2, **part}]
    hall = {"sections": [{"name": "A", "price": 5, "subsections": parts, **section}]}
    return {"name": "Opera", "venue_name": "House", "seating_config": hall}


@pytest.mark.parametrize(
    ("event", "field", "meant"),
    [
        ({**regular(), "max_ticket_per_buyer": 1}, "max_ticket_per_buyer", "max_tickets_per_buyer"),
        ({**regular(), "zzz": 1}, "zzz", None),
        (regular(row=2), "seating_config.row", "rows"),
        (
            regular(sections=[{"name": "A", "prise": 5, "subsections": 1}]),
            "seating_config.sections.0.prise",
            "price",
        ),
        (by_hand({}, pric=5), "seating_config.sections.0.pric", "price"),
        (
            by_hand({"companions": []}),
            "seating_config.sections.0.subsections.0.companions",
            "companion",
        ),
        (
            by_hand({"price_categories": [{"name": "F", "price": 9, "row": [1, 1]}]}),
            "seating_config.sections.0.subsections.0.price_categories.0.row",
            "rows",
        ),
        ({"seating_config": {"row": 1, "sections": []}}, "seating_config.row", "rows"),
    ],
)
def test_a_field_that_there_is_none_of_is_said_with_what_may_be_meant(
    event: Event, field: str, meant: str | None
) -> None:
    hint = f"; did you mean {meant}?" if meant else ""
    assert unknown_fields(event) == [f"{field}: there is no such field{hint}"]


@pytest.mark.parametrize(
    "event",
    [
        regular(),
        by_hand({"price_categories": [{"name": "F", "price": 9, "rows": [1, 1]}]}),
        by_hand({"accessible": ["1-1"], "companion": ["1-2"]}),
        # What is no event at all is for the service to refuse.
        {"seating_config": 7},
        {"seating_config": {"sections": 7}},
        {"seating_config": {"sections": [7, {"subsections": [7, None]}]}},
    ],
)
def test_what_there_is_is_not_complained_of(event: Event) -> None:
    assert unknown_fields(event) == []


def test_a_file_that_is_something_else_is_not_told_to_the_end() -> None:
    assert len(unknown_fields({f"field{at}": at for at in range(1_000)})) == UNKNOWN_TOLD_MAX


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (requests.NewEvent, CreateEventRequest),
        (requests.RegularHall, seating_schema.RegularHallForm),
        (requests.RegularSection, seating_schema.RegularSectionForm),
        (requests.Hall, seating_schema.HallForm),
        (requests.NewSection, seating_schema.SectionForm),
        (requests.NewSubsection, seating_schema.SubsectionForm),
        (PriceCategory, seating_schema.PriceCategoryForm),
    ],
)
def test_the_fields_are_those_that_the_service_knows(
    kind: type[msgspec.Struct], form: type[BaseModel]
) -> None:
    assert {each.name for each in msgspec.structs.fields(kind)} == set(form.model_fields)


def test_a_price_that_is_no_cents_is_said_in_cents() -> None:
    event = regular(sections=[{"name": "A", "price": 45.5, "subsections": 1}])
    field = "seating_config.sections.0.price"
    assert about(FieldError(field, "Input should be an integer"), event) == (
        f"{field}: Input should be an integer; prices are in cents: 4550 for 45.50"
    )
    # A price that is wrong in another way, and what is no price.
    assert about(FieldError(field, "too small"), regular()) == f"{field}: too small"
    assert about(FieldError("", "not so"), event) == "the document: not so"
