"""Looking after the stores: comparing, rebuilding, bringing the schema up to date."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import DataOption, JsonOption
from onsale.cli.printing import say, say_json
from onsale.cli.system import settings_for

VERIFY_EXAMPLES = examples(
    "onsale verify",
    "# one event of the system in another directory, as JSON",
    "onsale verify --event 7 --data /srv/onsale --json",
    "# bring the seat store back where it differs from the ledger",
    "onsale verify --repair",
)
seats_app = Commands(help="Look after the seat store.", no_args_is_help=True)
db_app = Commands(help="Look after the database schema.", no_args_is_help=True)


@db_app.command(
    "upgrade",
    epilog=examples(
        "onsale db upgrade",
        "# of a database that no onsale up runs",
        "ONSALE_DATABASE_URL=postgresql://onsale@db/onsale onsale db upgrade",
    ),
)
def db_upgrade(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to the newest schema. Safe to run at any time, also twice at once."""
    from onsale.platform.database.migrate import upgrade
    from onsale.settings import DatabaseSettings

    done = upgrade(settings_for(data, DatabaseSettings).database_url)
    if as_json:
        say_json(asdict(done))
    elif done.before == done.after:
        say(f"The schema is up to date: revision {done.after}, as it was.")
    elif done.before is None:
        say(f"The schema was made: revision {done.after}.")
    else:
        say(f"The schema was upgraded from revision {done.before} to {done.after}.")


def verify(
    data: DataOption = None,
    event: Annotated[int | None, typer.Option(help="Only this event.", min=1)] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for bookings under way.", min=0, max=600)
    ] = 15.0,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Rebuild a seat store that differs; then verify again."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare bitmap, tickets, bookings and counters, and print every difference.

    Exit status 1 if there is one, with --repair if one is left; 2 or 4 if nothing could be
    compared.
    """
    from onsale.cli.repair_console import run_verify
    from onsale.settings import StoreSettings

    verifying = run_verify(
        settings_for(data, StoreSettings),
        event_id=event,
        wait_seconds=wait,
        repair=repair,
        as_json=as_json,
    )
    if not asyncio.run(verifying):
        raise typer.Exit(ExitCode.FAILED)


@seats_app.command(
    "rebuild", epilog=examples("onsale seats rebuild --event 7", "onsale seats rebuild --all")
)
def seats_rebuild(
    data: DataOption = None,
    event: Annotated[int | None, typer.Option(help="This event.", min=1)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every event that was loaded.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild the seat store of an event from PostgreSQL, while sales go on.

    Also after the store was wiped or has lost a part of it. What waits for an answer is sent again.
    """
    from onsale.cli.repair_console import run_seats_rebuild
    from onsale.settings import StoreSettings

    if (event is None) is not every:
        raise typer.BadParameter("name an --event, or --all of them", param_hint="--event")
    settings = settings_for(data, StoreSettings)
    raise typer.Exit(asyncio.run(run_seats_rebuild(settings, event_id=event, as_json=as_json)))
