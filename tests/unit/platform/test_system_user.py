"""What is changed outside the data directory so that PostgreSQL can run as a user of its own."""

import stat
from pathlib import Path

from onsale.platform.embedded.system_user import let_others_pass, let_others_run


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_parent_that_is_opened_to_others_is_told_and_can_still_not_be_listed(
    tmp_path: Path,
) -> None:
    outer = tmp_path / "outer"
    inner = outer / "inner"
    data = inner / "data"
    data.mkdir(parents=True)
    for path in (outer, inner, data):
        path.chmod(0o700)
    told: list[str] = []

    let_others_pass(data, told.append)

    assert [mode_of(path) for path in (outer, inner, data)] == [0o701] * 3
    for path in (outer, inner):
        assert [line for line in told if f" {path}," in line]
    assert not [line for line in told if f" {data}," in line]
    told.clear()
    let_others_pass(data, told.append)
    assert told == [], "what is open already is left alone and not told"


def test_an_installation_that_is_opened_to_others_is_told_once(tmp_path: Path) -> None:
    program = tmp_path / "installation" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o700)
    told: list[str] = []

    for _ in range(2):
        let_others_run(program, program.parents[1], told.append)

    assert mode_of(program) == 0o705
    assert len([line for line in told if "let every user read" in line]) == 1
