"""Events: made from files, listed, changed, cancelled, looked at."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import JsonOption, UrlOption
from onsale.cli.printing import money, note, progress, say, say_json, say_table

if TYPE_CHECKING:
    from onsale.client import Event, EventChanges

app = Commands(help="Make events and look after their sale.", no_args_is_help=True)

EventArgument = Annotated[int, typer.Argument(help="The event's number.", min=1)]
SectionArgument = Annotated[str, typer.Argument(help="The section, such as A.")]
SubsectionArgument = Annotated[int, typer.Argument(help="The subsection's number.")]
SeatsArgument = Annotated[list[str], typer.Argument(help="Seats, row-seat each: 3-7 3-8.")]
_STATES = ("available", "reserved", "sold", "blocked")


@app.command(
    "create",
    epilog=examples(
        "# hall.yaml; prices are in cents",
        "name: Opera",
        "venue_name: The House",
        "seating_config:",
        "  rows: 10",
        "  cols: 20",
        "  sections:",
        "    - {name: Stalls, price: 4500, subsections: 2}",
        "# with that file",
        "onsale event create hall.yaml",
        "# many at once: lists, files, a directory; exit status 3 if some failed",
        "onsale event create season.yaml extra/*.json halls/",
        "# from a program, with what became of each",
        "make-events | onsale event create - --json",
    ),
)
def create(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="YAML or JSON files (an event or a list), or directories; - is stdin."),
    ] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", "-f", help="The same, as an option.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the seats of each are loaded.")] = False,
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Leave out what you have already: an event of the same name, venue and starts_at.",
        ),
    ] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make events with all their seats, and tell of each what became of it.

    Each opens by itself once its seats are loaded, within seconds, and on_sale_at has come.

    All files are read before the first event is made. The fields are those of POST /api/event. A
    creation that was broken off is finished with --skip-existing.
    """
    from onsale.cli.event_creation import EventCreation
    from onsale.cli.event_files import read_events
    from onsale.cli.service import service

    sources = [*(paths or ()), *(file or ())]
    if not sources:
        raise typer.BadParameter("name a file, a directory, or - for stdin", param_hint="PATHS")
    forms = read_events(sources)
    creation = EventCreation(forms, wait=wait, skip_existing=skip_existing)
    try:
        with service(url) as client, progress("making events", len(forms)) as advance:
            creation.run(client, advance)
    finally:
        # However it ends, what was made is told.
        creation.show(as_json=as_json)
    raise typer.Exit(creation.exit_code)


@app.command(
    "list",
    epilog=examples(
        "onsale event list",
        "# your own, hidden ones too",
        "onsale event list --mine",
        "onsale event list --status available --json | jq '.[].id'",
    ),
)
def list_events(
    mine: Annotated[bool, typer.Option("--mine", help="Your own, hidden ones too.")] = False,
    status: Annotated[
        Literal["draft", "available", "sold_out", "cancelled"] | None,
        typer.Option(help="Only those."),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 100,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List events, newest first."""
    from itertools import islice

    from onsale.cli.event_lines import state
    from onsale.cli.service import service

    with (
        service(url, signed_in=mine) as client,
        client.all_events(mine=mine, status=status) as stream,
    ):
        events = list(islice(stream, limit))
    if as_json:
        say_json(events)
        return
    say_table(
        ("event", "status", "shown", "name"),
        [
            (each.id, state(each.status, each.on_sale_at), _yes(each.is_active), each.name)
            for each in events
        ],
    )


@app.command("show", epilog=examples("onsale event show 7"))
def show_event(event: EventArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show an event with the seats left in each subsection."""
    from onsale.cli.service import service

    with service(url, signed_in=False) as client:
        found = client.get_event(event)
    if as_json:
        say_json(found)
        return
    _say_event(found)
    say(f"{found.venue_name}; prices in {found.currency}; a hold lasts {found.hold_seconds} s")
    say_table(
        ("section", "sub", "price", *_STATES),
        [
            (
                each.section,
                each.subsection,
                money(each.price, found.currency),
                *(getattr(each, state) for state in _STATES),
            )
            for each in found.sections
        ],
    )


@app.command("publish", epilog=examples("onsale event publish 7"))
def publish(event: EventArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show an event that is hidden, and take bookings for it again.

    For one that was hidden, or made with is_active: false. A new event needs none of it: it opens
    by itself once its seats are loaded and its time has come.
    """
    from onsale.client import EventChanges

    _change(event, EventChanges(is_active=True), url, as_json=as_json)


@app.command("hide", epilog=examples("onsale event hide 7"))
def hide(event: EventArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Hide an event from others' lists, and refuse bookings for it until it is published."""
    from onsale.client import EventChanges

    _change(event, EventChanges(is_active=False), url, as_json=as_json)


@app.command(
    "on-sale",
    epilog=examples(
        "onsale event on-sale 7 2031-05-01T10:00:00+02:00",
        "# a time without a zone is this machine's",
        "onsale event on-sale 7 '2031-05-01 10:00'",
        "onsale event on-sale 7 now",
    ),
)
def on_sale(
    event: EventArgument,
    when: Annotated[str, typer.Argument(help="A time (ISO 8601), or now.")],
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set when the sale of an event opens."""
    from onsale.client import EventChanges

    _change(event, EventChanges(on_sale_at=_moment(when)), url, as_json=as_json)


@app.command(
    "cancel",
    epilog=examples("onsale event cancel 7", "# in a script", "onsale event cancel 7 --yes"),
)
def cancel(
    event: EventArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel an event for good: its bookings end, and what was paid goes back."""
    from onsale.cli.service import service

    with service(url) as client:
        if not yes:
            found = client.get_event(event)
            sold, held = (
                sum(getattr(each, state) for each in found.sections)
                for state in ("sold", "reserved")
            )
            note(f"{found.name}: {sold:,} seats sold, {held:,} held. This cannot be undone.")
            typer.confirm("Cancel it?", abort=True, err=True)
        cancelled = client.cancel_event(event)
    _say_changed(cancelled, as_json=as_json)


@app.command(
    "sales",
    epilog=examples(
        "onsale event sales 7",
        "# the list of tickets, for a spreadsheet",
        "onsale event sales 7 --csv tickets.csv",
    ),
)
def sales(
    event: EventArgument,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write the list of tickets to this file instead.", dir_okay=False),
    ] = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was sold of an event, or keep the list of its tickets."""
    from onsale.cli.sales_list import keep_list, say_sales
    from onsale.cli.service import service

    with service(url) as client:
        if csv is not None:
            keep_list(client, event, csv)
            return
        figures = client.get_sales(event)
    if as_json:
        say_json(figures)
    else:
        say_sales(figures)


@app.command("block", epilog=examples("onsale event block 7 A 1 1-1 1-2"))
def block(
    event: EventArgument,
    section: SectionArgument,
    subsection: SubsectionArgument,
    seats: SeatsArgument,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take seats out of the sale, all of them or none."""
    from onsale.cli.service import service

    with service(url) as client:
        changed = client.block_seats(event, section, subsection, seats)
    _say_seats("Blocked", changed.seats, as_json=as_json)


@app.command("unblock", epilog=examples("onsale event unblock 7 A 1 1-1 1-2"))
def unblock(
    event: EventArgument,
    section: SectionArgument,
    subsection: SubsectionArgument,
    seats: SeatsArgument,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put blocked seats on sale again, all of them or none."""
    from onsale.cli.service import service

    with service(url) as client:
        changed = client.unblock_seats(event, section, subsection, seats)
    _say_seats("On sale again", changed.seats, as_json=as_json)


def _change(event_id: int, changes: "EventChanges", url: str | None, *, as_json: bool) -> None:
    from onsale.cli.service import service

    with service(url) as client:
        event = client.update_event(event_id, changes)
    _say_changed(event, as_json=as_json)


def _say_changed(event: "Event", *, as_json: bool) -> None:
    if as_json:
        say_json(event)
    else:
        _say_event(event)


def _say_event(event: "Event") -> None:
    from onsale.cli.event_lines import state_and_next

    stands = state_and_next(event.status, event.on_sale_at, is_active=event.is_active)
    say(f"event {event.id}: {event.name}: {stands}")


def _say_seats(what: str, seats: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        say_json({"seats": seats})
    else:
        say(f"{what}: {' '.join(seats)}")


def _moment(text: str) -> datetime | None:
    if text == "now":
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "a time is 2031-05-01T10:00:00+02:00, or now", param_hint="WHEN"
        ) from None


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
