"""``onsale trace``: the spans of one booking, from the files that the processes wrote."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.text import Text
from rich.tree import Tree

from onsale.cli.printing import clean, note, say, say_json, say_laid_out
from onsale.embedded_system import TRACES_FOLDER
from onsale.platform.embedded.exceptions import UnfitDirectoryError

# A file, and the older one that it took the place of.
FILES = "*.jsonl*"


@dataclass(frozen=True, slots=True)
class Span:
    """One step. Times are milliseconds, ``began_ms`` since the trace's first step began."""

    span_id: str
    parent_id: str | None
    name: str
    service: str
    began_at: str
    began_ms: float
    lasted_ms: float
    error: str | None
    attributes: Mapping[str, Any]
    links: Sequence[str]


def run_trace(booking_id: UUID, data: Path, *, as_json: bool) -> bool:
    """Print one booking's spans as a tree, or as JSON; tell whether there are any.

    Raises:
        UnfitDirectoryError: there is no such data directory.
    """
    if not data.is_dir():
        raise UnfitDirectoryError(
            f"there is no system in {data}; start one: onsale up --data {data}"
        )
    spans = read_spans(booking_id, data / TRACES_FOLDER)
    if as_json:
        say_json([asdict(span) for span in spans])
    elif spans:
        say_laid_out(_tree(booking_id, spans))
    else:
        say(
            f"No step of booking {booking_id} was recorded in {data / TRACES_FOLDER}. An onsale"
            " up records the first five bookings of a second and one in a hundred of the rest, and"
            " every one if started with ONSALE_TRACE_RATIO=1. The oldest are dropped."
        )
    return bool(spans)


def read_spans(booking_id: UUID, folder: Path) -> list[Span]:
    """The booking's spans in the order in which they began; none if nothing was ever written."""
    found = list(_spans(booking_id, folder))
    began = min((_time(span.began_at) for span in found), default=None)
    spans = [replace(span, began_ms=_ms(_time(span.began_at) - began)) for span in found if began]
    return sorted(spans, key=lambda span: (span.began_ms, -span.lasted_ms))


def _spans(booking_id: UUID, folder: Path) -> Iterator[Span]:
    """Those of one booking, as if each began at once."""
    trace_id = f"0x{booking_id.hex}"
    for path in sorted(folder.glob(FILES)):
        damaged = 0
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                # The last line of a process that was killed may have no end.
                if trace_id not in line or not line.endswith("\n"):
                    continue
                try:
                    record = json.loads(line)
                    if record["context"]["trace_id"] == trace_id:
                        yield _span(record)
                except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                    damaged += 1
        if damaged:
            note(f"onsale: {path}: {damaged:,} lines are damaged, and left out")


def _span(record: Mapping[str, Any]) -> Span:
    start, end = _time(record["start_time"]), _time(record["end_time"])
    resource = record["resource"]["attributes"]
    return Span(
        span_id=record["context"]["span_id"],
        parent_id=record["parent_id"],
        name=record["name"],
        service=f"{resource['service.name']} {resource['service.instance.id']}",
        began_at=record["start_time"],
        began_ms=0.0,
        lasted_ms=_ms(end - start),
        error=record["status"].get("description"),
        attributes=record["attributes"] or {},
        links=[link["context"]["trace_id"] for link in record["links"]],
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _ms(lasted: timedelta) -> float:
    return lasted.total_seconds() * 1000


def _tree(booking_id: UUID, spans: Sequence[Span]) -> Tree:
    """Each below what led to it; below the first where that was not recorded."""
    root = Tree(Text(f"booking {booking_id}, {len(spans)} steps", style="bold"))
    ids = {span.span_id for span in spans}
    below: defaultdict[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in ids else None].append(span)
    # Whose span was written more than once (a batch that was repeated) has its children once.
    waiting = [(root, span) for span in below.pop(None, [])]
    while waiting:
        branch, span = waiting.pop(0)
        leaf = branch.add(_line(span))
        waiting += [(leaf, child) for child in below.pop(span.span_id, [])]
    return root


def _line(span: Span) -> Text:
    line = Text(f"{span.name}  ")
    line.append(f"+{span.began_ms:.1f} ms, {span.lasted_ms:.1f} ms", style="cyan")
    line.append(f"  {span.service}", style="dim")
    for name, value in span.attributes.items():
        line.append(clean(f"  {name.rpartition('.')[2]}={value}"), style="dim")
    for link in span.links:
        line.append(f"  from trace {link.removeprefix('0x')}", style="dim")
    if span.error is not None:
        line.append(clean(f"  {span.error}"), style="red")
    return line
