"""What is printed: every name as it is, and nothing that a terminal would obey."""

import json
from collections.abc import Callable

import pytest
from rich.table import Table
from rich.tree import Tree

from onsale.cli.printing import (
    clean,
    complain,
    note,
    say,
    say_json,
    say_json_line,
    say_laid_out,
    say_table,
)

LONG = "a step of a booking " * 20
# Sets the title of a window; an eight-bit escape; turns the line around; a bell.
HOSTILE = "\x1b]0;owned\x07 \x9b2J \N{RIGHT-TO-LEFT OVERRIDE}exe \N{LEFT-TO-RIGHT ISOLATE}\x7f\r"
OBEYED = "\x1b\x07\x9b\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}\x7f\r"
PRINTERS: dict[str, Callable[[str], None]] = {
    "say": say,
    "note": note,
    "complain": complain,
    "say_table": lambda text: say_table(("name",), [(text,)]),
    "say_json": say_json,
    "say_json_line": say_json_line,
}


@pytest.mark.parametrize("name", PRINTERS)
def test_nothing_that_a_terminal_obeys_is_printed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    PRINTERS[name](HOSTILE)
    printed = "".join(capsys.readouterr())
    assert "owned" in printed
    assert not set(OBEYED) & set(printed)


@pytest.mark.parametrize(
    "name",
    [
        "\u6771\u4eac\N{IDEOGRAPHIC SPACE}\u30c9\u30fc\u30e0",
        "Faust\N{NO-BREAK SPACE}!\N{NARROW NO-BREAK SPACE}\u2026",
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ARTIST PALETTE}",
        "\u0645\u06cc\N{ZERO WIDTH NON-JOINER}\u062e\u0648\u0627\u0647\u0645",
        "soft\N{SOFT HYPHEN}ly",
        # Of a Unicode that is newer than this Python.
        "\U0001fae9",
    ],
)
def test_every_way_of_writing_a_name_is_left_alone(name: str) -> None:
    assert clean(name) == name


def test_half_a_character_is_printed_as_none() -> None:
    assert clean("a\ud83cb") == "a\ufffdb"


def test_json_is_the_same_document(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": HOSTILE + "\u2028\N{IDEOGRAPHIC SPACE}", "lines": "a\nb"}
    say_json(value)
    assert json.loads(capsys.readouterr().out) == value
    say_json_line(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert len(printed.splitlines()) == 1


def test_a_complaint_of_several_lines_cannot_look_like_several(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain("first\nonsale: second")
    assert capsys.readouterr().err == "onsale: first\n  onsale: second\n"


def test_no_line_is_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(box=None)
    table.add_row(LONG)
    tree = Tree("booking")
    tree.add(LONG)
    for each in (table, tree):
        say_laid_out(each)
        lines = capsys.readouterr().out.splitlines()
        assert any(LONG.strip() in line for line in lines)
        assert max(map(len, lines)) < len(LONG) + 10
