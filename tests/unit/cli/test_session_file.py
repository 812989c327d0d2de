"""Where sessions are kept."""

import fcntl
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from onsale.cli import session_file
from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.session_file import forget, keep, session_path, token_of

HERE, THERE = "http://127.0.0.1:8000", "https://tickets.example.com"
KEEP_MANY = """
import sys
from onsale.cli.session_file import keep
for number in range(40):
    keep(f"http://{sys.argv[1]}-{number}", "token")
"""
KEEP_WITHOUT_SPACE = f"""
import resource
from onsale.cli.session_file import keep
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
keep({HERE!r}, "two")
"""


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
    forget(HERE, "three")
    assert (token_of(HERE), token_of(THERE)) == (None, "two")


def test_nobody_else_can_read_it() -> None:
    keep(HERE, "one")
    keep(HERE, "two")
    assert stat.S_IMODE(session_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(session_path().parent.stat().st_mode) == 0o700
    names = sorted(path.name for path in session_path().parent.iterdir())
    assert names == ["sessions.json", "sessions.lock"]


def test_a_file_that_others_may_read_is_closed_with_the_next_log_in() -> None:
    keep(HERE, "one")
    session_path().chmod(0o644)
    keep(HERE, "two")
    assert stat.S_IMODE(session_path().stat().st_mode) == 0o600


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(HERE, "kept")
    monkeypatch.setenv("ONSALE_TOKEN", "given")
    assert token_of(HERE) == "given"


def test_white_space_around_a_token_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(HERE, "kept")
    monkeypatch.setenv("ONSALE_TOKEN", "given\n")
    assert token_of(HERE) == "given"
    monkeypatch.setenv("ONSALE_TOKEN", " \n")
    assert token_of(HERE) == "kept"


@pytest.mark.parametrize("said", ["eyJhid\nden", "eyJhid den", "eyJhidden\xf6", "\udcffhidden"])
def test_what_is_no_token_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("ONSALE_TOKEN", said)
    with pytest.raises(CommandFailedError, match="ONSALE_TOKEN holds no token") as failure:
        token_of(HERE)
    assert failure.value.code is ExitCode.MISUSED
    assert "hid" not in str(failure.value)
    assert "den" not in str(failure.value)


def test_two_log_ins_at_once_are_both_kept() -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", KEEP_MANY, str(number)], stderr=subprocess.PIPE)
        for number in range(2)
    ]
    for writer in writers:
        _, complaints = writer.communicate(timeout=60)
        assert (writer.returncode, complaints) == (0, b"")
    assert len(json.loads(session_path().read_text())) == 2 * 40


def test_a_log_in_waits_for_another_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(HERE, "one")
    monkeypatch.setattr(session_file, "LOCK_SECONDS_MAX", 0.0)
    with session_path().with_suffix(".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandFailedError, match="another command holds"):
            keep(HERE, "two")
    keep(HERE, "three")
    assert token_of(HERE) == "three"


def test_whoever_reads_it_reads_all_of_it() -> None:
    keep(HERE, "one")
    with session_path().open() as before:
        keep(HERE, "two")
        # Another file took its place.
        assert json.load(before) == {HERE: "one"}


def test_what_could_not_be_written_leaves_what_there_was() -> None:
    keep(HERE, "one")
    run = subprocess.run(
        [sys.executable, "-c", KEEP_WITHOUT_SPACE], capture_output=True, text=True, check=False
    )
    assert "CommandFailedError" in run.stderr
    assert "cannot be written" in run.stderr
    assert token_of(HERE) == "one"
    names = sorted(path.name for path in session_path().parent.iterdir())
    assert names == ["sessions.json", "sessions.lock"]


def test_without_a_place_of_ones_own_it_is_below_the_home() -> None:
    assert session_path({}) == Path.home() / ".config" / "onsale" / "sessions.json"


@pytest.mark.parametrize("content", ["{", "[1]", "null", "3", '"x"', "[" * 100_000, "\xff"])
def test_a_file_that_is_none_is_said_with_the_next_step(content: str) -> None:
    keep(HERE, "one")
    session_path().write_text(content, encoding="latin-1")
    with pytest.raises(CommandFailedError, match="sign in again"):
        token_of(HERE)


def test_what_is_no_token_is_no_session() -> None:
    keep(HERE, "one")
    session_path().write_text(json.dumps({HERE: "a\nb", THERE: ["x"]}))
    assert (token_of(HERE), token_of(THERE)) == (None, None)


def test_a_place_that_cannot_be_written_is_said_with_the_next_step(config_home: Path) -> None:
    config_home.touch()
    with pytest.raises(CommandFailedError, match="XDG_CONFIG_HOME"):
        keep(HERE, "one")
