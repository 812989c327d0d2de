"""Guards that can be taken out of a copy of the source, and that the storm is no part of it."""

import ast
from pathlib import Path

import pytest

from storm import guards
from storm.guards import GUARDS, SOURCE, Change, Guard, GuardChangedError, source_without
from storm.system import PROJECT


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_a_guard_is_taken_out_of_the_copy_alone(name: str, tmp_path: Path) -> None:
    before = {change.file: (SOURCE / change.file).read_text() for change in GUARDS[name].changes}
    copy = source_without(name, tmp_path) / "onsale"
    for file, text in before.items():
        assert (SOURCE / file).read_text() == text
        assert (copy / file).read_text() != text


def test_a_guard_that_is_no_longer_there_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Guard("was here once", (Change("settings.py", "no such text", ""),))
    monkeypatch.setattr(guards, "GUARDS", {"gone": gone})
    with pytest.raises(GuardChangedError, match="no such text"):
        source_without("gone", tmp_path)


def test_the_storm_shares_no_code_with_the_system() -> None:
    for path in (PROJECT / "storm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "onsale"], path
