"""Which system a command works on: that of a data directory, or that of the environment."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from onsale.cli.options import DATA_DEFAULT
from onsale.cli.printing import note

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

AnySettings = TypeVar("AnySettings", bound="BaseSettings")

# An environment with one of them is meant to say where everything is.
ADDRESSES = frozenset(
    {
        "ONSALE_DATABASE_URL",
        "ONSALE_SEAT_STORE_URL",
        "ONSALE_KAFKA_BOOTSTRAP",
        "ONSALE_SECRETS_DIR",
    }
)


def settings_for(data: Path | None, kind: type[AnySettings]) -> AnySettings:
    """Settings of the system in ``data``, else of the environment, else of ``./.onsale``.

    Raises:
        UnfitDirectoryError: there is no system there.
        NotRunningError: it is stopped.
        ValidationError: the environment lacks a setting or holds a wrong one.
    """
    from onsale.embedded_system import environment_of
    from onsale.platform.embedded.exceptions import UnfitDirectoryError

    if data is None and ADDRESSES.isdisjoint(os.environ):
        if not DATA_DEFAULT.exists():
            raise UnfitDirectoryError(
                "neither is an address set, such as ONSALE_DATABASE_URL, nor is there a data"
                f" directory {DATA_DEFAULT} here; start a system (onsale up), name one (--data), or"
                " set the addresses"
            )
        data = DATA_DEFAULT
    if data is not None:
        os.environ.update(environment_of(data))
    return settings_of_environment(kind)


def settings_of_environment(kind: type[AnySettings]) -> AnySettings:
    """Settings of the environment; variables that look like some and are none are pointed out.

    Raises:
        ValidationError: one is missing or wrong.
        BadParameter: the folder of secrets cannot be read.
        CommandFailedError: nor can a file in it.
    """
    from onsale.cli.secret_files import check_secret_files
    from onsale.settings import PREFIX, SECRETS_DIRECTORY, read_settings

    warn_of_unknown_names()
    check_secret_files(f"{PREFIX}{name}" for name in kind.model_fields)
    try:
        return read_settings(kind, os.environ)
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename}: {error.strerror}", param_hint=SECRETS_DIRECTORY
        ) from None


def warn_of_unknown_names() -> None:
    """Say which variables, and files of ``ONSALE_SECRETS_DIR``, look like settings and are none."""
    from onsale.settings import SECRETS_DIRECTORY
    from onsale.settings_faults import unknown_files, unknown_names

    unknown = unknown_names(os.environ)
    directory = Path(os.environ.get(SECRETS_DIRECTORY, os.devnull))
    # Whoever reads the settings tells of a folder that is none; in one that cannot be listed its
    # files may be read by their names.
    with suppress(OSError):
        unknown |= {
            str(directory / name): meant for name, meant in unknown_files(directory).items()
        }
    for name, meant in unknown.items():
        hint = f"; did you mean {meant}?" if meant else ""
        note(f"onsale: {name} is no setting, and has no effect{hint}")
