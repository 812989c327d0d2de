"""Passwords and card numbers: asked for, or read from stdin; never a part of the command, which
others on the machine can see and shells remember.
"""

import sys

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError

LINE_LENGTH_MAX = 1_024


def secret(what: str, *, from_stdin: bool, option: str, confirm: bool = False) -> str:
    """Ask on the terminal, or read a line of stdin.

    Raises:
        CommandFailedError: there is no terminal to ask on.
    """
    if from_stdin:
        return sys.stdin.readline(LINE_LENGTH_MAX).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailedError(
            f"there is no terminal to ask for the {what} on; send it: … {option} < file",
            code=ExitCode.MISUSED,
        )
    answer: str = typer.prompt(
        what.capitalize(), hide_input=True, confirmation_prompt=confirm, err=True
    )
    return answer
