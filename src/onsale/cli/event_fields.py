"""The fields of an event in a file: those that there are none of, and prices that are no cents.

The service leaves out what it does not know, so that newer clients can talk to it. A person who
mistypes a field means something by it: a limit that is dropped unsaid sells too much.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any

import msgspec

from onsale.client.answers import PriceCategory
from onsale.client.errors import FieldError
from onsale.client.requests import (
    Hall,
    NewEvent,
    NewSection,
    NewSubsection,
    RegularHall,
    RegularSection,
)

CENTS = 100
UNKNOWN_TOLD_MAX = 20
"""Of one event: a file that is something else altogether is known by then."""


def unknown_fields(event: Mapping[str, Any]) -> list[str]:
    """A line for each field, at every level, that an event does not have."""
    hall = event.get("seating_config")
    return list(islice(chain(_unknown(event, NewEvent, ""), _of_hall(hall)), UNKNOWN_TOLD_MAX))


def about(error: FieldError, event: Mapping[str, Any]) -> str:
    """What the service says of a field of this event, with what people mistake most."""
    said = f"{error.field or 'the document'}: {error.message}"
    price = _value_at(event, error.field)
    if error.field.rpartition(".")[2] == "price" and isinstance(price, float):
        return f"{said}; prices are in cents: {price * CENTS:.0f} for {price:.2f}"
    return said


def _of_hall(hall: object) -> Iterator[str]:
    if not isinstance(hall, Mapping):
        return
    path = "seating_config."
    # As the service tells the two forms apart.
    if hall.keys().isdisjoint({"rows", "cols"}):
        yield from _unknown(hall, Hall, path, *_fields(RegularHall))
        for section, place in _each(hall.get("sections"), f"{path}sections."):
            yield from _unknown(section, NewSection, place)
            for part, part_place in _each(section.get("subsections"), f"{place}subsections."):
                yield from _unknown(part, NewSubsection, part_place)
                categories = part.get("price_categories")
                for category, own in _each(categories, f"{part_place}price_categories."):
                    yield from _unknown(category, PriceCategory, own)
    else:
        yield from _unknown(hall, RegularHall, path)
        for section, place in _each(hall.get("sections"), f"{path}sections."):
            yield from _unknown(section, RegularSection, place)


def _unknown(
    found: Mapping[str, Any], kind: type[msgspec.Struct], path: str, *meant: str
) -> Iterator[str]:
    """``meant`` are fields that are none here and may be what was mistyped all the same."""
    known = _fields(kind)
    for field in map(str, found):
        if field not in known:
            alike = get_close_matches(field, [*known, *meant], 1)
            hint = f"; did you mean {alike[0]}?" if alike else ""
            yield f"{path}{field}: there is no such field{hint}"


def _fields(kind: type[msgspec.Struct]) -> list[str]:
    return [each.name for each in msgspec.structs.fields(kind)]


def _each(parts: object, path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The mappings of a list, each with its place; what else stands there the service refuses."""
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, Mapping):
            yield part, f"{path}{number}."


def _value_at(event: object, path: str) -> object:
    for part in path.split("."):
        if isinstance(event, Mapping):
            event = event.get(part)
        elif isinstance(event, list) and part.isdecimal() and int(part) < len(event):
            event = event[int(part)]
        else:
            return None
    return event
