"""How a command ends that could do nothing: its status, what it says to people and to programs."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from onsale.platform.database.migrate import upgrade
from onsale.platform.embedded.ports import free_port
from tests.support.onsale_up import NOWHERE, run_onsale

COMPARING = (["verify"], ["config", "check"], ["dlq", "list"], ["db", "upgrade"])


def test_nothing_to_look_at_is_said_with_the_next_step(tmp_path: Path) -> None:
    for command in (*COMPARING, ["config", "show"], ["trace", str(UUID(int=7))]):
        run = run_onsale(*command, "--data", tmp_path / "nothing", cwd=tmp_path)
        assert run.returncode == 2
        assert "there is no system in" in run.stderr
        assert "onsale up" in run.stderr
        assert "Traceback" not in run.stderr


def test_neither_settings_nor_a_data_directory_is_said_with_the_next_step(tmp_path: Path) -> None:
    for command in (*COMPARING, ["seats", "rebuild", "--all"]):
        run = run_onsale(*command, cwd=tmp_path)
        assert run.returncode == 2
        assert (
            "neither is an address set, such as ONSALE_DATABASE_URL, nor is there a data"
            in run.stderr
        )
        assert "onsale up" in run.stderr
        assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["verify"], ["seats", "rebuild", "--all"]], ids=" ".join)
def test_a_schema_that_is_behind_is_said_with_the_next_step(
    tmp_path: Path, empty_database_url: str, command: list[str]
) -> None:
    environment = {**NOWHERE, "ONSALE_DATABASE_URL": empty_database_url}
    for revision in (None, "0001"):
        if revision is not None:
            upgrade(empty_database_url, revision)
        run = run_onsale(*command, environment=environment, cwd=tmp_path)
        assert run.returncode == 4
        assert run.stderr.count("\n") == 1
        assert "onsale db upgrade" in run.stderr


def test_a_place_that_can_be_no_data_directory_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    run = run_onsale("up", "--data", file, cwd=tmp_path)
    assert run.returncode == 2
    assert "cannot be a data directory" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("key", ["", " x"])
def test_a_key_that_no_header_can_hold_is_said_before_anything_is_asked(
    tmp_path: Path, key: str
) -> None:
    booking = str(UUID(int=7))
    for command in (("create", "1", "A", "1"), ("pay", booking)):
        run = run_onsale("booking", *command, "--key", key, cwd=tmp_path)
        assert run.returncode == 2
        assert "a key is text on one line" in run.stderr
        assert "Traceback" not in run.stderr


def test_brokers_are_counted_only_where_there_are_any(tmp_path: Path) -> None:
    shown = run_onsale("up", "--data", tmp_path / "data", "--brokers", "3")
    assert shown.returncode == 2
    assert "--bus kafka" in shown.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("stored", "asked", "said"),
    [((1, 2, 3), "1", "holds a cluster of 3 brokers"), ((1,), "3", "holds one broker")],
)
def test_a_cluster_keeps_its_number_of_brokers(
    tmp_path: Path, stored: tuple[int, ...], asked: str, said: str
) -> None:
    for number in stored:
        storage = tmp_path / "data" / "kafka" / f"node-{number}" / "logs"
        storage.mkdir(parents=True)
        (storage / "meta.properties").touch()
    place = ("--data", tmp_path / "data", "--port", str(free_port()))
    shown = run_onsale("up", *place, "--bus", "kafka", "--brokers", asked)
    assert shown.returncode == 2
    assert said in shown.stderr
    assert "--data" in shown.stderr, "the next step is told"


@pytest.mark.parametrize(
    ("arguments", "status", "code", "said"),
    [
        (("verify",), 2, "MISUSED", "nor is there a data directory"),
        (("verify", "--wait", "much"), 2, "MISUSED", "--wait"),
        (("event", "list", "--url", "http://127.0.0.1:1"), 4, "UNREACHABLE", "onsale up"),
        (("booking", "list", "--url", "http://127.0.0.1:1"), 5, "NOT_SIGNED_IN", "user login"),
    ],
)
def test_programs_are_told_in_json_why_nothing_was_done(
    tmp_path: Path, arguments: tuple[str, ...], status: int, code: str, said: str
) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    run = run_onsale(*arguments, "--json", environment=home, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (status, "")
    told = json.loads(run.stderr)
    assert told["code"] == code
    assert said in told["message"]
    # People are told the same without quotation marks.
    assert run_onsale(*arguments, environment=home, cwd=tmp_path).returncode == status
