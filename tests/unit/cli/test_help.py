"""What holds of every command: it teaches, comes at once, and ends as the documents say."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from onsale.cli.commands import COMMANDS, app
from onsale.cli.exit_codes import ExitCode
from onsale.settings_faults import unknown_names

DOCUMENT = Path(__file__).parents[3] / "docs" / "command-line.md"
# These run until they are stopped, or have nothing to tell.
WITHOUT_JSON = {
    "up",
    "api",
    "worker seat-reservation",
    "worker ticketing",
    "worker webhooks",
    "user logout",
}
TERMINAL_COLUMNS = 80
HEAVY = ("asyncpg", "confluent_kafka", "fastapi", "httpx", "msgspec", "redis", "yaml")

SHOW_HELP = f"""
import sys
from onsale.cli.commands import app
try:
    app(["event", "create", "--help"])
except SystemExit:
    print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def every_command() -> dict[str, Any]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(commands(group))


ALL = every_command()


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("worker")])
def test_every_command_has_examples_that_name_it(name: str) -> None:
    epilog = ALL[name].epilog or ""
    assert "Examples" in epilog
    assert f"onsale {name}" in re.sub(r"\[/?\w*\]", "", epilog)
    assert ALL[name].help


@pytest.mark.parametrize("name", [name for name in ALL if name not in WITHOUT_JSON])
def test_every_command_that_prints_data_can_print_json(name: str) -> None:
    assert "--json" in [option for each in ALL[name].params for option in each.opts]


def test_every_option_is_explained() -> None:
    unexplained = [
        f"{name} {each.name}"
        for name, command in ALL.items()
        for each in command.params
        if not getattr(each, "help", None)
    ]
    assert unexplained == []


def test_examples_hold_options_that_there_are() -> None:
    for name, command in ALL.items():
        there = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        for line in re.findall(rf"onsale {name}( .*)", command.epilog or ""):
            typed = re.split(r"\s[|<]|&&|\[/", line)[0]
            assert set(re.findall(r"(?<=\s)--?[a-z][\w-]*", typed)) <= there, line


def test_examples_fit_a_narrow_terminal() -> None:
    lines = [
        re.sub(r"\[/?(?:bold|cyan|dim)\]", "", line)
        for command in ALL.values()
        for line in (command.epilog or "").splitlines()
    ]
    # A blank stands on each side; a line that is folded cannot be pasted.
    assert [line for line in lines if len(line) > TERMINAL_COLUMNS - 2] == []


def test_a_flag_is_shown_without_a_type() -> None:
    shown = CliRunner().invoke(app, ["event", "create", "--help"], terminal_width=200).output
    assert "--no-wait" in shown
    assert "<str>" in shown
    assert "bool" not in shown
    assert "bool" not in CliRunner().invoke(app, ["--help"]).output


def test_help_loads_nothing_of_the_service_or_its_client() -> None:
    told = subprocess.run(
        [sys.executable, "-c", SHOW_HELP],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == "[]", told.stderr


def test_commands_stand_in_the_order_in_which_they_are_met() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert set(group.commands) == set(COMMANDS)


def test_the_document_tells_every_exit_status() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in ExitCode]


def test_variables_of_the_command_line_are_no_misspelt_settings() -> None:
    read = {
        variable
        for command in ALL.values()
        for each in command.params
        for variable in ([each.envvar] if isinstance(each.envvar, str) else each.envvar or ())
    }
    assert read >= {"ONSALE_URL", "ONSALE_DATA"}
    assert unknown_names({*read, "ONSALE_TOKEN"}) == {}
