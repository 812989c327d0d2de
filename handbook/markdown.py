"""The few forms of Markdown that the reference is written in."""

from collections.abc import Iterable, Sequence


def page(title: str, introduction: str, parts: Iterable[str]) -> str:
    """A page, which says that it is written by a command."""
    note = "<!-- Written by `make reference` from the code: change it there. -->"
    return "\n\n".join([f"# {title}", note, introduction.strip(), *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in a cell stays in it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def code(text: str) -> str:
    """Text as it is typed."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


def prose(text: str) -> str:
    """A docstring as a paragraph: its double backticks made single, its line ends spaces."""
    return " ".join(text.replace("``", "`").split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
