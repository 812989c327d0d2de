"""What became of one booking, step by step."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.help_texts import examples
from onsale.cli.options import DATA_DEFAULT, JsonOption

EXAMPLES = examples(
    "# of ./.onsale; of a rush only some bookings are traced",
    "onsale trace 019aa8f1-6c00-7a3b-8c4d-5e6f70819203",
)


def trace(
    booking: Annotated[UUID, typer.Argument(help="The booking's id, which is its trace's.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", envvar="ONSALE_DATA", help="The data directory; ./.onsale without it."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of one booking, step by step, with times.

    Of an `onsale up`, which need not run any more. Exit status 1 if nothing was recorded.
    """
    from onsale.cli.trace_view import run_trace

    if not run_trace(booking, data or DATA_DEFAULT, as_json=as_json):
        raise typer.Exit(ExitCode.FAILED)
