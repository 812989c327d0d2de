"""The reference of the command line."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer.main
from typer.core import TyperGroup

from handbook.markdown import code, page, prose, table
from onsale.cli.commands import app
from onsale.cli.exit_codes import ExitCode

_INTRODUCTION = """
`onsale --help` and `onsale COMMAND --help` say the same in a terminal. What it is like to work
with: [the command line](../command-line.md).
"""
_MARKUP = re.compile(r"\[/?(?:bold|cyan|dim|red)?\]")
_KINDS = {"int": "integer", "str": "text", "Path": "path", "float": "number", "datetime": "time"}


def command_line_page() -> str:
    """The page, from the commands themselves."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return page("Command line", _INTRODUCTION, [*_parts(root, "onsale"), _exit_codes()])


def _parts(group: TyperGroup, name: str) -> Iterator[str]:
    # In the order in which they were added, which is how help lists them.
    for each, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _parts(command, f"{name} {each}")
        else:
            yield _part(command, f"{name} {each}")


# What a command and its options are made of is Typer's own affair and not typed for others.
def _part(command: Any, name: str) -> str:  # noqa: ANN401
    paragraphs = (prose(_plain(text)) for text in (command.help or "").split("\n\n"))
    rows = [_row(each) for each in command.params if each.name != "help"]
    options = table(("option", "is", "default", "notes"), rows) if rows else ""
    lines = [_plain(line) for line in (command.epilog or "").splitlines()[1:]]
    sample = "\n".join(("```sh", *lines, "```")) if lines else ""
    return "\n\n".join(filter(None, (f"## {name}", *paragraphs, options, sample)))


def _row(option: Any) -> tuple[str, str, str, str]:  # noqa: ANN401
    is_option = str(option.opts[0]).startswith("-")
    names = [*option.opts, *option.secondary_opts] if is_option else [option.name.upper()]
    kind = "flag" if getattr(option, "is_bool_flag", False) else _kind(option)
    has_default = option.default not in (None, (), "") and kind != "flag"
    notes = [
        prose(_plain(option.help or "")).removesuffix("."),
        "may be given more than once" if option.multiple or option.nargs != 1 else "",
        f"or {code(option.envvar)}" if option.envvar else "",
        "needed" if option.required else "",
    ]
    told = (code(str(option.default)) if has_default else "", "; ".join(filter(None, notes)))
    return ", ".join(map(code, names)), kind, *told


def _kind(option: Any) -> str:  # noqa: ANN401
    annotation = option.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return " or ".join(map(code, get_args(annotation)))
    while get_args(annotation):
        annotation = get_args(annotation)[0]
    bounds = [
        f"{word} {bound:,}"
        for word, bound in (("at least", option.min), ("at most", option.max))
        if bound is not None
    ]
    return ", ".join((_KINDS.get(annotation.__name__, annotation.__name__.lower()), *bounds))


def _plain(text: str) -> str:
    return _MARKUP.sub("", text).replace("\\[", "[")


def _exit_codes() -> str:
    rows = ((str(each.value), each.meaning) for each in ExitCode)
    return "## Exit status\n\n" + table(("status", "means"), rows)
