"""Failures that a person can mend: a line for each, with the next step."""

import typer

from onsale.cli.exit_codes import ExitCode

SCHEMA_BEHIND = (
    "the schema of the database is older than this program; bring it up to date: onsale db upgrade"
)


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
    """What to say of an error of the service's own parts; ``None`` if nobody foresaw it."""
    from pydantic import ValidationError

    from onsale.platform.embedded.exceptions import (
        EmbeddedError,
        NotRunningError,
        UnfitDirectoryError,
    )
    from onsale.platform.exceptions import CannotListenError, SchemaBehindError, UnavailableError
    from onsale.settings import complaints

    lines, code = [str(error)], ExitCode.FAILED
    match error:
        case CommandFailedError():
            return error
        case ValidationError():
            lines, code = complaints(error), ExitCode.MISUSED
        case SchemaBehindError():
            lines, code = [SCHEMA_BEHIND], ExitCode.UNREACHABLE
        case UnfitDirectoryError():
            code = ExitCode.MISUSED
        case UnavailableError() | NotRunningError():
            code = ExitCode.UNREACHABLE
        case CannotListenError() | EmbeddedError():
            pass
        case typer.TyperException():
            lines = [error.format_message()]
            code = ExitCode.MISUSED if error.exit_code == ExitCode.MISUSED else code
        case typer.Abort():
            lines = ["aborted; nothing was done"]
        case _:
            return None
    return CommandFailedError(*lines, code=code)
