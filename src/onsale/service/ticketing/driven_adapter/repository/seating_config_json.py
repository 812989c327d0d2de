"""The long form of a seating configuration, as it is stored and shown."""

from collections.abc import Mapping
from typing import Any

from onsale.service.ticketing.domain.value_object.seating_config import (
    Rectangle,
    SeatingConfig,
    Section,
)


def seating_config_to_json(config: SeatingConfig) -> dict[str, Any]:
    """``{"sections": [{"name", "price", "subsections": [{"number", "rows", …}]}]}``."""
    return {
        "sections": [
            {
                "name": section.name,
                "price": section.price,
                "subsections": [
                    {
                        "number": rectangle.number,
                        "rows": rectangle.rows,
                        "seats_per_row": rectangle.seats_per_row,
                    }
                    for rectangle in section.subsections
                ],
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
                tuple(
                    Rectangle(item["number"], item["rows"], item["seats_per_row"])
                    for item in section["subsections"]
                ),
            )
            for section in stored["sections"]
        ]
    )
