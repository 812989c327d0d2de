"""What commands print: results to stdout, everything about them to stderr."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console, RenderableType

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

# Of what is no terminal: longer than any line there is.
COLUMNS_MAX = 10_000
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def say(line: str = "") -> None:
    """A line of the result."""
    out.print(clean(line), highlight=False, markup=False)


def note(line: str) -> None:
    """A line about what is going on."""
    err.print(clean(line), highlight=False, markup=False)


def clean(text: str) -> str:
    """The text without what a terminal would obey: names come from strangers."""
    return "".join(each if each.isprintable() else NO_CHARACTER for each in text)


def printable(text: str) -> str:
    """The text with a question mark for what no encoding can write: half a character, or a byte of
    a file's name that is no text.
    """
    return text.encode(errors="replace").decode()


def say_json(value: object) -> None:
    """A JSON document, indented."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def say_json_line(value: object) -> None:
    """One JSON document of several, on a line of its own."""
    import msgspec

    typer.echo(msgspec.json.encode(value))
    sys.stdout.flush()


def say_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as what stands in them, so that nothing is cut off in a pipe either."""
    lines = [headings, *([clean(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    for number, line in enumerate(lines):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        style = "bold" if number == 0 else None
        out.print("  ".join(cells).rstrip(), style=style, highlight=False, markup=False)


def say_laid_out(what: RenderableType) -> None:
    """Trees and tables of Rich's: as wide as the terminal, and nowhere else is a line cut."""
    if out.is_terminal:
        out.print(what, soft_wrap=False, highlight=False)
    else:
        Console(file=out.file, width=COLUMNS_MAX).print(what, highlight=False)


def money(cents: int, currency: str) -> str:
    """An amount as people write it."""
    return f"{cents / 100:,.2f} {currency}"


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where that is a terminal; within the block the function moves it on."""
    if not err.is_terminal or total == 1:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=err,
        transient=True,
        # What is printed stays above the bar, and goes where it was sent.
        redirect_stdout=out.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
