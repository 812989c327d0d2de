"""What commands print: results to stdout, everything about them to stderr."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console, RenderableType
from rich.text import Text

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

# Of what is no terminal: longer than any line there is.
COLUMNS_MAX = 10_000
# Controls of text direction (Unicode's Bidi_Control).
_BIDI = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# They stand within strings alone; all below them JSON escapes anyway.
_OBEYED_IN_JSON = re.compile(rf"[\x7f-\x9f\u2028\u2029{_BIDI}]")
# And half characters, which nothing can write.
_OBEYED = re.compile(rf"[\x00-\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]")
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def say(line: str = "") -> None:
    """A line of the result."""
    out.print(clean(line), highlight=False, markup=False)


def note(line: str) -> None:
    """A line about what is going on."""
    err.print(clean(line), highlight=False, markup=False)


def complain(text: str) -> None:
    """What went wrong; of several lines those after the first are set in."""
    first, *rest = text.split("\n")
    err.print(Text.assemble(("onsale: ", "red"), clean(first)), highlight=False)
    for line in rest:
        note(f"  {line}")


def complain_in_json(code: str, message: str) -> None:
    """What went wrong, for a program."""
    import msgspec

    typer.echo(
        _escaped(msgspec.json.encode({"code": code, "message": printable(message)})), err=True
    )


def clean(text: str) -> str:
    """The text without what a terminal would obey, and what turns the order of a line around: names
    come from strangers. All else stays: there are more ways to write than this machine knows.
    """
    return _OBEYED.sub(NO_CHARACTER, text)


def printable(text: str) -> str:
    """The text with a question mark for what no encoding can write: half a character, or a byte of
    a file's name that is no text.
    """
    return text.encode(errors="replace").decode()


def say_json(value: object) -> None:
    """A JSON document, indented."""
    import msgspec

    typer.echo(_escaped(msgspec.json.format(msgspec.json.encode(value), indent=2)))


def say_json_line(value: object) -> None:
    """One JSON document of several, on a line of its own."""
    import msgspec

    typer.echo(_escaped(msgspec.json.encode(value)))


def _escaped(document: bytes) -> str:
    """The same document, harmless on a terminal too."""
    return _OBEYED_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", document.decode())


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
