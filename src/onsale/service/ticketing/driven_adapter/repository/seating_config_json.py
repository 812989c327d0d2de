"""The long form of a seating configuration, as it is stored and shown."""

from collections.abc import Mapping
from typing import Any

from onsale.service.shared_kernel.seating import PriceCategory
from onsale.service.ticketing.domain.value_object.seating_config import (
    Rectangle,
    SeatingConfig,
    Section,
)


def seating_config_to_json(config: SeatingConfig) -> dict[str, Any]:
    """``{"sections": [{"name", "price", "subsections": [{"number", "rows", …}]}]}``. What a
    subsection has none of (categories, accessible seats, companion seats) is left out.
    """
    return {
        "sections": [
            {
                "name": section.name,
                "price": section.price,
                "subsections": [_rectangle_to_json(rectangle) for rectangle in section.subsections],
            }
            for section in config.sections
        ]
    }


def seating_config_from_json(stored: Mapping[str, Any]) -> SeatingConfig:
    """The inverse of :func:`seating_config_to_json`, with the hall's rules checked again."""
    return SeatingConfig.of(
        [
            Section(
                section["name"],
                section["price"],
                tuple(_rectangle_from_json(item) for item in section["subsections"]),
            )
            for section in stored["sections"]
        ]
    )


def _rectangle_to_json(rectangle: Rectangle) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "number": rectangle.number,
        "rows": rectangle.rows,
        "seats_per_row": rectangle.seats_per_row,
    }
    if rectangle.price_categories:
        stored["price_categories"] = [
            {
                "name": category.name,
                "price": category.price,
                "rows": [category.first_row, category.last_row],
            }
            for category in rectangle.price_categories
        ]
    if rectangle.accessible:
        stored["accessible"] = list(rectangle.accessible)
    if rectangle.companion:
        stored["companion"] = list(rectangle.companion)
    return stored


def _rectangle_from_json(item: Mapping[str, Any]) -> Rectangle:
    return Rectangle(
        item["number"],
        item["rows"],
        item["seats_per_row"],
        tuple(
            PriceCategory(category["name"], category["price"], *category["rows"])
            for category in item.get("price_categories", ())
        ),
        tuple(item.get("accessible", ())),
        tuple(item.get("companion", ())),
    )
