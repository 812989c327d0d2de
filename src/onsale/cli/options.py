"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

DATA_DEFAULT = Path(".onsale")
URL_DEFAULT = "http://127.0.0.1:8000"

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ONSALE_DATA",
        help="The data directory of an `onsale up`; without it the environment is read, "
        "and failing that ./.onsale.",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="ONSALE_URL",
        help="Where the service is; without it the one of ./.onsale, else " + URL_DEFAULT + ".",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
