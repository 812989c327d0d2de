"""Failures that a person can mend: a line for each, with the next step."""

from onsale.cli.exit_codes import ExitCode


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

    from onsale.platform.embedded.exceptions import EmbeddedError
    from onsale.platform.exceptions import CannotListenError, SchemaBehindError, UnavailableError
    from onsale.settings import complaints

    match error:
        case CommandFailedError():
            return error
        case ValidationError():
            return CommandFailedError(*complaints(error), code=ExitCode.MISUSED)
        case UnavailableError():
            return CommandFailedError(str(error), code=ExitCode.UNREACHABLE)
        case SchemaBehindError():
            return CommandFailedError(
                "the schema of the database is older than this program; bring it up to date:"
                " onsale db upgrade"
            )
        case CannotListenError() | EmbeddedError():
            return CommandFailedError(str(error))
        case _:
            return None
