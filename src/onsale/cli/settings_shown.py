"""Every setting with its value, masked where it is a secret, and where it comes from."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.masking import MASK, masked
from onsale.cli.options import DATA_DEFAULT
from onsale.cli.printing import printable
from onsale.cli.secret_files import secret_file, text_of
from onsale.cli.session_file import TOKEN_VARIABLE, session_path
from onsale.cli.system import ADDRESSES, warn_of_unknown_names
from onsale.settings import PREFIX, ApiSettings


class SettingShown(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; ``value`` as it may be shown, ``None`` if it has none."""

    name: str
    value: str | None
    source: str
    description: str


def settings_shown(data: Path | None) -> list[SettingShown]:
    """All settings, then what the command line itself reads."""
    warn_of_unknown_names()
    stored, place = _stored(data)
    own = {name.upper(): value for name, value in os.environ.items()}
    shown = []
    for name, field in ApiSettings.model_fields.items():
        variable = f"{PREFIX}{name.upper()}"
        # What a data directory says goes before the environment, as for every command.
        if variable in stored:
            value, source = _masked(field, stored[variable]), place
        elif variable in own:
            value, source = _masked(field, own[variable]), "environment"
        elif (file := secret_file(variable)) is not None:
            value, source = _masked(field, text_of(file)), str(file)
        elif field.is_required():
            value, source = None, "not set"
        else:
            value = None if field.default is None else str(field.default)
            source = "default"
        shown.append(
            SettingShown(
                name=variable, value=value, source=source, description=field.description or ""
            )
        )
    return [*shown, *_of_the_command_line()]


def _stored(data: Path | None) -> tuple[Mapping[str, str], str]:
    """What a data directory says, whether its system runs or not."""
    if data is None:
        if not ADDRESSES.isdisjoint(os.environ) or not DATA_DEFAULT.exists():
            return {}, ""
        data = DATA_DEFAULT
    path = data / "environment.json"
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, ValueError, RecursionError):
        raise CommandFailedError(
            f"there is no system in {data}; start one: onsale up --data {data}",
            code=ExitCode.MISUSED,
        ) from None
    return stored, str(path)


def _masked(field: FieldInfo, value: str) -> str:
    if _is_secret(field.annotation):
        return MASK
    return masked(printable(value))


def _is_secret(annotation: Any) -> bool:  # noqa: ANN401 - whatever a field is annotated with
    return SecretStr in (annotation, *getattr(annotation, "__args__", ()))


def _of_the_command_line() -> list[SettingShown]:
    url, token = os.environ.get("ONSALE_URL"), os.environ.get(TOKEN_VARIABLE)
    source = "environment"
    return [
        SettingShown(
            name="ONSALE_URL",
            value=None if url is None else masked(printable(url)),
            source="not set" if url is None else source,
            description="where commands find the service",
        ),
        SettingShown(
            name=TOKEN_VARIABLE,
            value=None if token is None else MASK,
            source="not set" if token is None else source,
            description=f"the session of commands; without it that in {session_path()}",
        ),
    ]
