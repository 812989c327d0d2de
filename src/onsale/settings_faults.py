"""What is wrong with the settings of a process, in words by which a person can mend it."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from onsale.settings import PREFIX, READ_ELSEWHERE, ApiSettings

# Where `onsale up` tells each of its workers' ports.
_PREFIXES_READ_ELSEWHERE = ("ONSALE_METRICS_PORT_",)
# Of two file names, which may lack what all of them begin with.
_ALIKE_SHARE_MIN = 0.75


def complaints(error: ValidationError) -> list[str]:
    """What is missing or wrong, a line each, never with the value that was given."""
    return [_complaint(problem) for problem in error.errors(include_input=False, include_url=False)]


def unknown_names(environment: Iterable[str]) -> dict[str, str | None]:
    """Variables that look like settings and are none, each with the setting that may be meant."""
    fields = sorted(name.upper() for name in ApiSettings.model_fields)
    known = READ_ELSEWHERE.union(PREFIX + field for field in fields)
    unknown = {
        name
        for name in environment
        if name.startswith(PREFIX)
        and not name.startswith(_PREFIXES_READ_ELSEWHERE)
        and name.upper() not in known
    }
    # Without what all of them begin with, which would make any two look alike.
    alike = {
        name: get_close_matches(name.removeprefix(PREFIX).upper(), fields, 1)
        for name in sorted(unknown)
    }
    return {name: PREFIX + found[0] if found else None for name, found in alike.items()}


def unknown_files(directory: Path) -> dict[str, str | None]:
    """Files in a folder of secrets that are named as if they were settings and are none, each with
    the file that may be meant. Others that lie there are somebody else's.
    """
    known = sorted((PREFIX + field).lower() for field in ApiSettings.model_fields)
    found: dict[str, str | None] = {}
    for name in sorted(path.name for path in directory.iterdir() if path.is_file()):
        alike = get_close_matches(name.lower(), known, 1, cutoff=_ALIKE_SHARE_MIN)
        if name.lower() not in known and (alike or name.lower().startswith(PREFIX.lower())):
            found[name] = alike[0] if alike else None
    return found


def _complaint(problem: ErrorDetails) -> str:
    field = "_".join(str(part) for part in problem["loc"])
    name = f"{PREFIX}{field.upper()}"
    if problem["type"] != "missing":
        return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
    described = ApiSettings.model_fields[field].description
    return f"{name} is not set: {described}"
