"""The entry point of the command. By itself it loads nothing: from the first moment on Ctrl-C ends
it in order.
"""

import os
import sys


def main() -> None:
    """Run the command line: a failure that a person can mend is a line with the next step."""
    try:
        _run()
    except KeyboardInterrupt:
        from onsale.cli.exit_codes import ExitCode

        sys.exit(ExitCode.INTERRUPTED)


def _run() -> None:
    from contextlib import suppress

    from onsale.cli.commands import app
    from onsale.cli.failures import explained
    from onsale.cli.printing import complain, complain_in_json

    as_json = "--json" in sys.argv[1:]
    try:
        try:
            # For programs Typer's own complaints, in boxes, are told here too.
            sys.exit(app(standalone_mode=not as_json))
        finally:
            _write_the_rest()
    except Exception as error:
        failure = explained(error)
        if failure is None:
            raise
        # Where nothing can be said, the status still says it.
        with suppress(OSError):
            if as_json:
                complain_in_json(failure.problem or failure.code.name, str(failure))
            else:
                for line in failure.lines:
                    complain(line)
        sys.exit(failure.code)


def _write_the_rest() -> None:
    """Write what was printed. Left to Python's own end, a full disk would be a traceback.

    Raises:
        OSError: it cannot be written.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python tries once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Whoever read it may have had enough.
        if not isinstance(error, BrokenPipeError):
            raise
