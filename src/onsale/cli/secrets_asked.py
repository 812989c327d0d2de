"""Passwords and card numbers: asked for, or read from stdin; never a part of the command, which
others on the machine can see and shells remember.
"""

import sys

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError

LINE_BYTES_MAX = 4_096


def secret(what: str, *, from_stdin: bool, option: str, confirm: bool = False) -> str:
    """Ask on the terminal, or read a line of stdin.

    Raises:
        CommandFailedError: there is no terminal to ask on; stdin holds none.
    """
    if from_stdin:
        return _line_of_stdin(what)
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandFailedError(
            f"there is no terminal to ask for the {what} on; send it: … {option} < file",
            code=ExitCode.MISUSED,
        )
    answer: str = typer.prompt(
        what.capitalize(), hide_input=True, confirmation_prompt=confirm, err=True
    )
    return answer


def _line_of_stdin(what: str) -> str:
    # Closed, it is not there.
    line = b"" if sys.stdin is None else sys.stdin.buffer.readline(LINE_BYTES_MAX + 1)
    if len(line) > LINE_BYTES_MAX:
        raise CommandFailedError(
            f"the {what} on stdin is longer than {LINE_BYTES_MAX:,} bytes", code=ExitCode.MISUSED
        )
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandFailedError(
            f"the {what} on stdin is not UTF-8", code=ExitCode.MISUSED
        ) from None
