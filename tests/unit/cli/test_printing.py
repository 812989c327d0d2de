"""What is printed where no terminal is."""

import pytest
from rich.table import Table
from rich.tree import Tree

from onsale.cli.printing import say_laid_out

LONG = "a step of a booking " * 20


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
