"""A page of the documentation whose figures a command writes, between two markers."""

from collections.abc import Sequence
from pathlib import Path

BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"


def replace_figures(page: Path, figures: str) -> None:
    """Put ``figures`` between the page's markers, in the place of those that stand there.

    Raises:
        ValueError: the page has no markers.
    """
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no line {BEGIN!r} or no line {END!r}")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n{END}{after}")


def table_row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"
