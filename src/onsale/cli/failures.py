"""Failures that a person can mend: a line for each, with the next step."""

import errno
import os

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.masking import masked

SCHEMA_BEHIND = (
    "the schema of the database is older than this program; bring it up to date: onsale db upgrade"
)
# What says where a dependency is, by the name that failures give it.
_ADDRESSES = {
    "postgresql": "ONSALE_DATABASE_URL",
    "seat-store": "ONSALE_SEAT_STORE_URL",
    "message-bus": "ONSALE_KAFKA_BOOTSTRAP",
}
# What the end of a disk, or of what somebody may have of it, looks like.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class CommandFailedError(Exception):
    """The command ends with this status, and says this.

    ``problem`` is the code with which the service refused, if it was the service that did.
    """

    def __init__(
        self, *lines: str, code: ExitCode = ExitCode.FAILED, problem: str | None = None
    ) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
        self.code = code
        self.problem = problem


def explained(error: Exception) -> CommandFailedError | None:
    """What to say of an error that a person can mend; ``None`` if nobody foresaw it."""
    if isinstance(error, CommandFailedError):
        return error
    return _of_the_command_line(error) or _of_the_service(error)


def _of_the_command_line(error: Exception) -> CommandFailedError | None:
    match error:
        case UnicodeEncodeError():
            line, code = "what was given holds bytes that are no UTF-8", ExitCode.MISUSED
        case OSError() if error.errno in _FULL:
            line = f"what there is to print or to keep cannot be written: {error.strerror}"
            code = ExitCode.FAILED
        case typer.TyperException():
            line = error.format_message()
            is_misused = error.exit_code == ExitCode.MISUSED
            code = ExitCode.MISUSED if is_misused else ExitCode.FAILED
        case typer.Abort():
            line, code = "aborted; nothing was done", ExitCode.FAILED
        case _:
            return None
    return CommandFailedError(line, code=code)


def _of_the_service(error: Exception) -> CommandFailedError | None:
    from pydantic import ValidationError

    from onsale.platform.embedded.exceptions import (
        EmbeddedError,
        NotRunningError,
        UnfitDirectoryError,
    )
    from onsale.platform.exceptions import CannotListenError, SchemaBehindError, UnavailableError
    from onsale.settings_faults import complaints

    lines, code = [str(error)], ExitCode.FAILED
    match error:
        case ValidationError():
            lines, code = complaints(error), ExitCode.MISUSED
        case SchemaBehindError():
            lines, code = [SCHEMA_BEHIND], ExitCode.UNREACHABLE
        case UnfitDirectoryError():
            code = ExitCode.MISUSED
        case UnavailableError():
            lines, code = [f"{error}{_whereabouts(error.dependency)}"], ExitCode.UNREACHABLE
        case NotRunningError():
            code = ExitCode.UNREACHABLE
        case CannotListenError() | EmbeddedError():
            pass
        case _:
            return None
    return CommandFailedError(*lines, code=code)


def _whereabouts(dependency: str) -> str:
    """Where it was looked for: a variable that was set for another service is soon forgotten."""
    is_in_store = dependency == "message-bus" and os.environ.get("ONSALE_BUS") == "redis"
    setting = _ADDRESSES.get("seat-store" if is_in_store else dependency, "")
    address = os.environ.get(setting)
    return f"; it was looked for at {masked(address)}, as {setting} says" if address else ""
