"""Where sessions are kept."""

import stat
from pathlib import Path

import pytest

from onsale.cli.failures import CommandFailedError
from onsale.cli.session_file import forget, keep, session_path, token_of

HERE, THERE = "http://127.0.0.1:8000", "https://tickets.example.com"


@pytest.fixture(autouse=True)
def config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("ONSALE_TOKEN", raising=False)
    return tmp_path / "config"


def test_each_address_has_a_session_of_its_own() -> None:
    assert token_of(HERE) is None
    keep(HERE, "one")
    keep(THERE, "two")
    keep(HERE, "three")
    assert (token_of(HERE), token_of(THERE)) == ("three", "two")
    forget(HERE)
    assert (token_of(HERE), token_of(THERE)) == (None, "two")


def test_nobody_else_can_read_it() -> None:
    keep(HERE, "one")
    keep(HERE, "two")
    assert stat.S_IMODE(session_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(session_path().parent.stat().st_mode) == 0o700
    assert [path.name for path in session_path().parent.iterdir()] == ["sessions.json"]


def test_a_file_that_others_may_read_is_closed_with_the_next_log_in() -> None:
    keep(HERE, "one")
    session_path().chmod(0o644)
    keep(HERE, "two")
    assert stat.S_IMODE(session_path().stat().st_mode) == 0o600


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(HERE, "kept")
    monkeypatch.setenv("ONSALE_TOKEN", "given")
    assert token_of(HERE) == "given"


def test_without_a_place_of_ones_own_it_is_below_the_home() -> None:
    assert session_path({}) == Path.home() / ".config" / "onsale" / "sessions.json"


def test_a_file_that_is_none_is_said_with_the_next_step(config_home: Path) -> None:
    keep(HERE, "one")
    session_path().write_text("{")
    with pytest.raises(CommandFailedError, match="sign in again"):
        token_of(HERE)


def test_a_place_that_cannot_be_written_is_said_with_the_next_step(config_home: Path) -> None:
    config_home.touch()
    with pytest.raises(CommandFailedError, match="XDG_CONFIG_HOME"):
        keep(HERE, "one")
