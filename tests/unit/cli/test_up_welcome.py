"""What a start says to type works from every folder."""

import shlex
import sys
from pathlib import Path

import pytest

from onsale.cli.up_welcome import own_command, welcome


@pytest.mark.parametrize("started_as", [".venv/bin/onsale", "/opt/on sale/bin/onsale"])
def test_program_and_data_are_named_in_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started_as: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started_as, "up"])
    lines = welcome("http://127.0.0.1:8123", Path("my data"), {}, None, 1.0)
    typed = [shlex.split(line)[1:] for line in lines if line.startswith(("  check", "  watch"))]
    assert len(typed) == 2
    for program, *_, data in typed:
        assert program == str(tmp_path / started_as)
        assert data == str(tmp_path / "my data")


def test_a_module_is_started_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/onsale/__main__.py", "up"])
    assert own_command() == f"{sys.executable} -m onsale"
