"""Settings that stand in files of a folder: ``ONSALE_SECRETS_DIR``."""

import os
from collections.abc import Iterable
from pathlib import Path

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError


def secret_file(variable: str) -> Path | None:
    """The file that stands in for a variable, if there is one."""
    from onsale.settings import SECRETS_DIRECTORY

    directory = os.environ.get(SECRETS_DIRECTORY)
    path = None if directory is None else Path(directory) / variable.lower()
    return path if path is not None and path.is_file() else None


def text_of(file: Path) -> str:
    """What stands in such a file.

    Raises:
        CommandFailedError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise CommandFailedError(f"{file}: {why}", code=ExitCode.MISUSED) from None


def check_secret_files(variables: Iterable[str]) -> None:
    """Read those that there are.

    Raises:
        CommandFailedError: one cannot be read; who reads settings does not say which.
    """
    for variable in variables:
        if (file := secret_file(variable)) is not None:
            text_of(file)
