"""Every `onsale` command that a document shows exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from onsale.cli.commands import app

PROJECT = Path(__file__).parents[3]
# The reference of the command line is written from the code.
DOCUMENTS = [
    path
    for path in (
        PROJECT / "README.md",
        PROJECT / "CONTRIBUTING.md",
        *(PROJECT / "docs").rglob("*.md"),
    )
    if path != PROJECT / "docs" / "reference" / "command-line.md"
]
BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
# A command stands at the beginning of a line, or behind what runs it or comes before it.
COMMAND = re.compile(
    r"""(?:^|[|;&(]|\bexec\s+(?:-\S+\s+)*[a-z][\w-]*|\brun\s+(?:-\S+\s+)*[a-z][\w-]*)\s*
        (?:\$\s+)?(?:[A-Z_]+=\S*\s+)*
        (?:\S*/)?onsale\s+([^|;&)\n]+)""",
    re.MULTILINE | re.VERBOSE,
)
# In the middle of a sentence: what follows is not a command but words.
WORDS = {"is", "…"}


def shown_in(text: str) -> Iterator[list[str]]:
    """The arguments of each command."""
    blocks = [block.replace("\\\n", " ") for block in BLOCK.findall(text)]
    for shown in (*blocks, *SPAN.findall(BLOCK.sub("", text))):
        for arguments in COMMAND.findall(shown):
            typed = shlex.split(re.split(r"\s(?:<|\d?>)", arguments)[0], comments=True)
            if typed and typed[0] not in WORDS:
                yield typed


def complaint_about(arguments: list[str]) -> str:
    """What is wrong with the command; nothing if it exists, with these options."""
    command, left = typer.main.get_command(app), list(arguments)
    while isinstance(command, TyperGroup) and left and not left[0].startswith("-"):
        name = left.pop(0)
        if name not in command.commands and name != "…":
            return f"no command {name}"
        if name == "…":
            return ""
        command = command.commands[name]
    parser = command.make_parser(command.context_class(command))
    try:
        _, more, _ = parser.parse_args([each for each in left if each != "…"])
    except Exception as error:  # noqa: BLE001 - whatever the parser of the library has against it
        return str(error)
    return f"too much: {more}" if more else ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_command_of_a_document_can_be_typed(path: Path) -> None:
    shown = list(shown_in(path.read_text()))
    assert [(each, said) for each in shown if (said := complaint_about(each))] == []


def test_commands_are_found_wherever_they_stand() -> None:
    text = (PROJECT / "docs/runbook.md").read_text()
    assert ["verify", "--wait", "30"] in list(shown_in(text))
    shown = """
```console
$ ONSALE_BUS=redis onsale up --port 8123
$ docker compose exec api onsale verify
$ /opt/onsale/bin/onsale db upgrade && onsale top \\
    --json | jq .
$ kubectl -n onsale apply -k here   # namespace onsale
```
Say `onsale dlq list`, or `createdb onsale`.
"""
    assert list(shown_in(shown)) == [
        ["up", "--port", "8123"],
        ["verify"],
        ["db", "upgrade"],
        ["top", "--json"],
        ["dlq", "list"],
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "verfy",
        "verify --wiat 30",
        "booking create 7 Stalls 1 --qauntity 2",
        "db upgrad",
        "db upgrade now",
    ],
)
def test_what_is_misspelt_is_noticed(typed: str) -> None:
    assert complaint_about(typed.split())
