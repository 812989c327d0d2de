"""Statements are found by name, and a file that hides one is refused."""

from pathlib import Path

import pytest

from onsale.platform.database.sql_file import load_statements


def test_statements_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "some.sql"
    path.write_text(
        "-- About this file.\n\n-- name: one\nSELECT 1;\n\n-- name: two\n-- why\nSELECT 2\n"
    )
    assert dict(load_statements(path)) == {"one": "SELECT 1", "two": "-- why\nSELECT 2"}


@pytest.mark.parametrize(
    "text", ["SELECT 1\n-- name: two\nSELECT 2", "-- name: a\nSELECT 1\n-- name: a\nSELECT 2"]
)
def test_a_nameless_or_repeated_statement_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.sql"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"some\.sql"):
        load_statements(path)
