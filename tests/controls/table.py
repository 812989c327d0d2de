"""The table of negative controls, as it is printed and as `docs/negative-controls.md` has it."""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.controls.stage import Guard
from tests.servers.protocol import PROJECT

DOCUMENT = PROJECT / "docs" / "negative-controls.md"
WRITE = "ONSALE_WRITE_CONTROLS"
PROPERTY = "negative_control"
_HEAD = "| guard | why it is there | taken out | what happens then |\n|---|---|---|---|\n"


def is_writing() -> bool:
    """Whether this run writes the document; any other compares itself with it."""
    return bool(os.environ.get(WRITE))


def row_of(guard: Guard, violation: str) -> str:
    """One line of the table."""
    edits = "; ".join(edit.describe() for edit in guard.edits)
    cells = [cell.replace("|", "\\|") for cell in (guard.name, guard.why, edits, violation)]
    return f"| {' | '.join(cells)} |"


def rows_in(document: Path) -> list[str]:
    """The lines of the document's table, without its head."""
    lines = document.read_text().splitlines()
    return [line for line in lines if line.startswith("| ")][1:]


def write_table(document: Path, rows: Sequence[str]) -> None:
    """Replace the document's table by these rows; its text stays."""
    before, _, after = document.read_text().partition("<!-- table -->\n")
    _, _, after = after.partition("<!-- end of table -->\n")
    table = _HEAD + "".join(f"{row}\n" for row in rows)
    document.write_text(f"{before}<!-- table -->\n{table}<!-- end of table -->\n{after}")
