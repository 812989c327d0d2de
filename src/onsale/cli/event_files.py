"""Events from files: YAML or JSON, one or a list in each, or a directory of such."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onsale.cli.event_documents import documents_of
from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.printing import note

FILE_BYTES_MAX = 64 * 1024 * 1024
EVENTS_MAX = 10_000
SUFFIXES = (".json", ".yaml", ".yml")
STDIN = "-"
# What the service asks for and a file may leave out.
_LEFT_OUT = {"description": ""}


@dataclass(frozen=True, slots=True)
class EventForm:
    """An event as a file describes it, and where it stands: ``hall.yaml``, or ``halls.yaml#2``.
    It has a description.
    """

    source: str
    content: dict[str, Any]


def read_events(paths: Sequence[str]) -> list[EventForm]:
    """Every event of these files and directories, in their order.

    Raises:
        CommandFailedError: a file cannot be read or is none; nothing was done.
    """
    files = [file for path in paths for file in _files(path)]
    forms = [form for file in files for form in _events_of(file)]
    if not forms:
        raise _bad(", ".join(paths), "no event stands in there")
    if len(forms) > EVENTS_MAX:
        raise _bad(", ".join(paths), f"more than {EVENTS_MAX:,} events at once")
    return forms


def _files(path: str) -> list[str]:
    try:
        if path == STDIN or not Path(path).is_dir():
            return [path]
        return [str(file) for file in sorted(Path(path).iterdir()) if _is_meant(file)]
    except OSError as error:
        raise _bad(path, str(error.strerror)) from None


def _is_meant(found: Path) -> bool:
    """Whether what was found in a directory is to be read; what may be missed is told."""
    if found.is_dir():
        note(f"onsale: {found} is left out: folders within folders are not read")
        return False
    # One that is no file, such as a pipe that nobody writes to, may never end.
    return found.suffix.lower() in SUFFIXES and found.is_file()


def _events_of(file: str) -> Iterator[EventForm]:
    found = [
        event
        for document in _documents(file, _text(file))
        for event in (document if isinstance(document, list) else [document])
    ]
    if not found:
        raise _bad(file, "no event stands in there")
    for number, event in enumerate(found, 1):
        source = file if len(found) == 1 else f"{file}#{number}"
        if not isinstance(event, dict):
            raise _bad(source, "an event is a mapping: name: …, venue_name: …, seating_config: …")
        yield EventForm(source, {**_LEFT_OUT, **{str(key): value for key, value in event.items()}})


def _text(file: str) -> str:
    try:
        if file == STDIN and sys.stdin is None:
            content = b""
        elif file == STDIN:
            content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _bad(file, str(error.strerror)) from None
    if len(content) > FILE_BYTES_MAX:
        raise _bad(file, f"more than {FILE_BYTES_MAX // 1024 // 1024} MB")
    try:
        # Some editors begin with a mark that is no part of the text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(file, "not UTF-8") from None


def _documents(file: str, text: str) -> list[object]:
    try:
        return documents_of(text, is_json=file.lower().endswith(".json"))
    except ValueError as error:
        raise _bad(file, str(error)) from None


def _bad(source: str, what: str) -> CommandFailedError:
    return CommandFailedError(f"{source}: {what}", code=ExitCode.MISUSED)
