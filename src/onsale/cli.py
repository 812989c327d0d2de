"""The ``onsale`` command. Each command imports only what it runs, so that help comes at once."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from onsale.platform.embedded.exceptions import EmbeddedError
from onsale.platform.exceptions import CannotListenError, UnavailableError
from onsale.settings import (
    SECRETS_DIRECTORY,
    AnySettings,
    ApiSettings,
    BusKind,
    BusSettings,
    DatabaseSettings,
    Settings,
    StoreSettings,
    complaints,
    read_settings,
    unknown_names,
)

DATA_DEFAULT = Path(".onsale")
# An environment with one of them is meant to say where everything is.
ADDRESSES = frozenset(
    {
        "ONSALE_DATABASE_URL",
        "ONSALE_SEAT_STORE_URL",
        "ONSALE_KAFKA_BOOTSTRAP",
        SECRETS_DIRECTORY,
    }
)

RoleSettings = TypeVar("RoleSettings", bound=Settings)

app = typer.Typer(
    name="onsale",
    help="Sells reserved seats, once each, when everyone wants the same ones.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
worker_app = typer.Typer(help="Run a worker role.", no_args_is_help=True)
db_app = typer.Typer(help="Look after the database schema.", no_args_is_help=True)
seats_app = typer.Typer(help="Look after the seat store.", no_args_is_help=True)
dlq_app = typer.Typer(help="See and re-drive dead letters.", no_args_is_help=True)
app.add_typer(worker_app, name="worker")
app.add_typer(db_app, name="db")
app.add_typer(seats_app, name="seats")
app.add_typer(dlq_app, name="dlq")

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ONSALE_DATA",
        help="The data directory of an `onsale up`; without it the environment is read, "
        "and failing that ./.onsale.",
    ),
]


def settings_for(data: Path | None, kind: type[AnySettings]) -> AnySettings:
    """Settings of the system in ``data``, else of the environment, else of ``./.onsale``.

    Raises:
        EmbeddedError: there is no system there, or it does not run.
        ValidationError: the environment lacks a setting or holds a wrong one.
    """
    from onsale.embedded_system import environment_of

    if data is None and ADDRESSES.isdisjoint(os.environ):
        if not DATA_DEFAULT.exists():
            raise EmbeddedError(
                "neither is an address set, such as ONSALE_DATABASE_URL, nor is there a data"
                f" directory {DATA_DEFAULT} here; start a system (onsale up), name one (--data), or"
                " set the addresses"
            )
        data = DATA_DEFAULT
    if data is not None:
        os.environ.update(environment_of(data))
    return _read(kind)


def _read(kind: type[AnySettings]) -> AnySettings:
    _warn_of_unknown_names()
    try:
        return read_settings(kind, os.environ)
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename}: {error.strerror}", param_hint=SECRETS_DIRECTORY
        ) from None


def _warn_of_unknown_names() -> None:
    for name, meant in unknown_names(os.environ).items():
        hint = f"; did you mean {meant}?" if meant else ""
        err.print(f"onsale: {name} is no setting, and has no effect{hint}", highlight=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"onsale {version('onsale')}", highlight=False)
        raise typer.Exit


@app.callback()
def _of_every_command(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Tell the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Where the API listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where the API listens.", min=1, max=65_535)] = 8000,
    data: Annotated[
        Path, typer.Option(envvar="ONSALE_DATA", help="Where everything is kept.")
    ] = DATA_DEFAULT,
    bus: Annotated[BusKind, typer.Option(help="The message broker.")] = BusKind.REDIS,
    cache: Annotated[
        Path | None,
        typer.Option(
            envvar="ONSALE_CACHE",
            help="Where Kafka's jars are kept once fetched; below --data if not given.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="How many processes of each worker.", min=1, max=16)
    ] = 1,
    brokers: Annotated[
        int | None,
        typer.Option(
            help="How many Kafka brokers; topics have three copies on three.", min=1, max=5
        ),
    ] = None,
    demo: Annotated[bool, typer.Option(help="Make the demo event and accounts.")] = True,
) -> None:
    """Start the whole system with nothing installed beforehand.

    PostgreSQL, Redis, the broker, the API and the workers run below one data directory, are
    started again when they die, keep their data, and stop on Ctrl-C.
    """
    from onsale.console import run_up
    from onsale.embedded_system import UpOptions

    _warn_of_unknown_names()
    extra = {key: value for key, value in os.environ.items() if key.startswith("ONSALE_")}
    if brokers is not None and bus is not BusKind.KAFKA:
        raise typer.BadParameter("there are brokers only with --bus kafka", param_hint="--brokers")
    options = UpOptions(
        data=data,
        host=host,
        port=port,
        bus=bus,
        extra=extra,
        cache=cache,
        worker_count=workers,
        broker_count=brokers,
    )
    asyncio.run(run_up(options, out, with_demo=demo))


@app.command()
def api() -> None:
    """Run the HTTP API; settings come from the environment."""
    from onsale.bootstrap_api import run_api

    _run_role(run_api, "api", ApiSettings)


@worker_app.command("seat-reservation")
def worker_seat_reservation() -> None:
    """Decide seat commands: the one role that writes seat state."""
    from onsale.bootstrap_seat_reservation import run_seat_reservation_worker

    _run_role(run_seat_reservation_worker, "seat-reservation", Settings)


@worker_app.command("ticketing")
def worker_ticketing() -> None:
    """Write seat results into the ledger; release expired holds; send what is owed."""
    from onsale.bootstrap_ticketing import run_ticketing_worker

    _run_role(run_ticketing_worker, "ticketing", Settings)


@worker_app.command("webhooks")
def worker_webhooks() -> None:
    """Deliver to sellers' webhooks what they are owed."""
    from onsale.bootstrap_webhooks import run_webhooks_worker

    _run_role(run_webhooks_worker, "webhooks", ApiSettings)


@db_app.command("upgrade")
def db_upgrade(data: DataOption = None) -> None:
    """Bring the database to the newest schema. Safe to run at any time, also twice at once."""
    from onsale.platform.database.migrate import upgrade

    done = upgrade(settings_for(data, DatabaseSettings).database_url)
    if done.before == done.after:
        line = f"The schema is up to date: revision {done.after}, as it was."
    elif done.before is None:
        line = f"The schema was made: revision {done.after}."
    else:
        line = f"The schema was upgraded from revision {done.before} to {done.after}."
    out.print(line, highlight=False)


@app.command()
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
) -> None:
    """Compare bitmap, tickets, bookings and counters, and print every difference.

    Exit status 1 if there is one, with --repair if one is left.
    """
    from onsale.console import run_verify

    settings = settings_for(data, StoreSettings)
    verifying = run_verify(settings, out, event_id=event, wait_seconds=wait, repair=repair)
    if not asyncio.run(verifying):
        raise typer.Exit(1)


@seats_app.command("rebuild")
def seats_rebuild(
    data: DataOption = None,
    event: Annotated[int | None, typer.Option(help="This event.", min=1)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every event that was loaded.")] = False,
) -> None:
    """Rebuild the seat store of an event from PostgreSQL, while sales go on.

    Also after the store was wiped or has lost a part of it. What waits for an answer is sent again.
    """
    from onsale.console import run_seats_rebuild

    if (event is None) is not every:
        raise typer.BadParameter("name an --event, or --all of them", param_hint="--event")
    if not asyncio.run(run_seats_rebuild(settings_for(data, StoreSettings), out, event_id=event)):
        raise typer.Exit(1)


@dlq_app.command("list")
def dlq_list(
    data: DataOption = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)] = 50,
) -> None:
    """Show the messages that no worker could process, each with its error."""
    from onsale.console import run_dead_letter_list

    asyncio.run(run_dead_letter_list(settings_for(data, BusSettings), out, limit=limit))


@dlq_app.command("redrive")
def dlq_redrive(
    data: DataOption = None,
    limit: Annotated[
        int | None, typer.Option(help="How many at most; all without it.", min=1)
    ] = None,
) -> None:
    """Send dead letters to the topic that they came from once more."""
    from onsale.console import run_dead_letter_redrive

    asyncio.run(run_dead_letter_redrive(settings_for(data, BusSettings), out, limit=limit))


@app.command()
def trace(
    booking: Annotated[UUID, typer.Argument(help="The booking's id, which is its trace's.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", envvar="ONSALE_DATA", help="The data directory; ./.onsale without it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of spans.")] = False,
) -> None:
    """Show what became of one booking, step by step, with times.

    Of an `onsale up` that traces: ONSALE_TRACE_RATIO=1 onsale up. It need not run any more.
    Exit status 1 if nothing was recorded.
    """
    from onsale.trace_view import run_trace

    if not run_trace(booking, data or DATA_DEFAULT, out, as_json=as_json):
        raise typer.Exit(1)


def _run_role(
    role: Callable[[RoleSettings, asyncio.Event], Awaitable[None]],
    name: str,
    kind: type[RoleSettings],
) -> None:
    from onsale.bootstrap import run_role

    run_role(role, name, _read(kind))


def _complain(text: str) -> None:
    # What is told may hold brackets of its own.
    err.print(f"[red]onsale:[/red] {escape(text)}", highlight=False)


def main() -> None:
    """The entry point: a failure that a person can mend is one line with the next step."""
    try:
        app()
    except ValidationError as error:
        for complaint in complaints(error):
            _complain(complaint)
        sys.exit(2)
    except (CannotListenError, EmbeddedError, UnavailableError) as error:
        _complain(str(error))
        sys.exit(1)
