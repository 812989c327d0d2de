"""The reference says what the code says."""

import pytest

from handbook.reference import FOLDER, reference
from handbook.schema_text import bounds_text, fields_table, type_text

PAGES = reference()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_as_the_code_is(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == PAGES[name], "run: make reference"


def test_the_reference_holds_no_page_that_nothing_writes() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["on", "off"]}, '`"on"` or `"off"`'),
        ({"$ref": "#/components/schemas/EventBody"}, "[EventBody](#eventbody)"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "array", "prefixItems": [{"type": "integer"}] * 2}, "[integer, integer]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({}, "anything"),
    ],
)
def test_a_type_is_told_in_words(schema: dict[str, object], text: str) -> None:
    assert type_text(schema) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"minimum": 1, "maximum": 1_000}, "at least 1, at most 1,000"),
        ({"anyOf": [{"maxLength": 5}, {"type": "null"}]}, "5 characters at most"),
        ({"maxItems": 3, "items": {"pattern": "^a$"}}, "3 at most, each like `^a$`"),
        ({"default": False}, "default `false`"),
        ({"default": None}, ""),
        ({"default": 0}, "default `0`"),
    ],
)
def test_bounds_are_told_in_words(schema: dict[str, object], text: str) -> None:
    assert bounds_text(schema) == text


def test_what_may_be_left_out_is_marked_and_no_cell_breaks_its_table() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "description": "one | two"},
            "b": {"type": "integer"},
        },
    }

    lines = fields_table(schema, is_request=True).splitlines()

    assert lines[2:] == [
        "| `a` | string | one \\| two |",
        "| `b` * | integer |  |",
        "",
        "\\* may be left out",
    ]
