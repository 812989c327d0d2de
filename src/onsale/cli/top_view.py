"""How ``onsale top`` looks, on a terminal and as text."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from onsale.cli.event_lines import state
from onsale.cli.printing import clean, money
from onsale.cli.top_events import EVENTS_MAX, EventLook
from onsale.cli.top_looks import Look
from onsale.client import EventStatus, SectionCounts

SECTIONS_SHOWN_MAX = 12
BAR_CELLS = 20
_UNKNOWN = "-"


def view_of(look: Look) -> RenderableType:
    """The whole view."""
    away = [each.name for each in look.processes if not each.is_up]
    lines: list[RenderableType] = [
        Text(f"onsale top  {clean(look.url)}  {look.at:%Y-%m-%d %H:%M:%S} UTC", style="bold"),
        _figures(look),
    ]
    if look.away_seconds is not None:
        since = f"no answer for {look.away_seconds:,.0f} s; the events stood so before that"
        lines.append(Text(since, style="bold yellow"))
    if away:
        lines.append(Text(f"no metrics from: {', '.join(away)}", style="yellow"))
    if not look.events:
        lines.append(Text("no event is on sale"))
    for event in look.events:
        lines += [Text(), _headline(event), _sections(event)]
    if look.events_not_shown:
        lines += [Text(), _not_shown(look.events_not_shown)]
    return Group(*lines)


def _figures(look: Look) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(8):
        table.add_column(no_wrap=True)
    rows = [
        [
            ("accepted/s", _number(look.accepted_per_second, 1)),
            ("refused/s", _number(look.refused_per_second, 1)),
            ("decided/s", _number(look.decided_per_second, 1)),
            ("recorded/s", _number(look.recorded_per_second, 1)),
        ],
        [
            ("bookings held", _number(look.holds)),
            ("lag", _number(look.lag_messages)),
            ("owed", _number(look.owed_commands)),
            ("viewers", _number(look.viewers)),
        ],
        [
            ("drift seats", _number(look.drift_seats, alarm=True)),
            ("compared", _ago(look.oldest_comparison_seconds)),
            ("dead letters", _number(look.dead_letters, alarm=True)),
        ],
    ]
    for row in rows:
        table.add_row(*(cell for label, value in row for cell in (Text(label, "dim"), value)))
    return table


def _headline(event: EventLook) -> Text:
    stands = state(event.status, event.on_sale_at)
    line = Text.assemble(
        (f"event {event.event_id}  {clean(event.name)}  ", "bold"),
        (clean(stands), "green" if stands == EventStatus.AVAILABLE else "yellow"),
        f"  seats: {event.available:,} left, {event.reserved:,} held, {event.sold:,} sold",
    )
    if event.bookings_per_second is not None:
        line.append(f", {event.bookings_per_second:.1f} bookings/s")
    if event.revenue is not None:
        line.append(f", {money(event.revenue, event.currency)}")
    return line


def _not_shown(event_ids: Sequence[int]) -> Text:
    command = " ".join(map(str, ("onsale top", *event_ids[:EVENTS_MAX])))
    rest = " …" if len(event_ids) > EVENTS_MAX else ""
    return Text(f"{len(event_ids):,} more on sale, selling less: {command}{rest}", style="dim")


def _sections(event: EventLook) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("section", "left", "held", "sold", "taken"):
        table.add_column(heading, justify="left" if heading in {"section", "taken"} else "right")
    rows = _rows(event.sections)
    for name, (left, held, sold) in rows[:SECTIONS_SHOWN_MAX]:
        taken = (held + sold) / max(1, left + held + sold)
        bar = "#" * round(taken * BAR_CELLS)
        table.add_row(
            Text(clean(name)),
            f"{left:,}",
            f"{held:,}",
            f"{sold:,}",
            f"{bar.ljust(BAR_CELLS, '.')} {taken:4.0%}",
        )
    if len(rows) > SECTIONS_SHOWN_MAX:
        table.add_row(f"and {len(rows) - SECTIONS_SHOWN_MAX:,} more")
    return table


def _rows(sections: Sequence[SectionCounts]) -> list[tuple[str, Sequence[int]]]:
    """Left, held and sold of each subsection, or of each section where those are too many."""
    counts = {
        f"{each.section}-{each.subsection}": (each.available, each.reserved, each.sold)
        for each in sections
    }
    if len(counts) <= SECTIONS_SHOWN_MAX:
        return list(counts.items())
    whole: dict[str, list[int]] = {}
    for each in sections:
        totals = whole.setdefault(each.section, [0, 0, 0])
        for at, count in enumerate((each.available, each.reserved, each.sold)):
            totals[at] += count
    return list(whole.items())


def _number(value: float | None, digits: int = 0, *, alarm: bool = False) -> Text:
    if value is None:
        return Text(_UNKNOWN, "dim")
    return Text(f"{value:,.{digits}f}", "bold red" if alarm and value else "bold")


def _ago(seconds: float | None) -> Text:
    return Text(_UNKNOWN, "dim") if seconds is None else Text(f"{seconds:,.0f} s ago", "bold")
