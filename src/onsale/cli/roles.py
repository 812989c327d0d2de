"""Running it: the whole system on one machine, or each role by itself."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import DATA_DEFAULT
from onsale.cli.printing import out
from onsale.cli.system import settings_of_environment, warn_of_unknown_names

if TYPE_CHECKING:
    from onsale.settings import ProcessSettings

RoleSettings = TypeVar("RoleSettings", bound="ProcessSettings")

UP_EXAMPLES = examples(
    "onsale up",
    "# another port and place, without the demo",
    "onsale up --port 8123 --data /srv/onsale --no-demo",
    "# on Kafka: three brokers, and two processes of each worker",
    "onsale up --bus kafka --brokers 3 --workers 2 --data .onsale-cluster",
)
API_EXAMPLES = examples(
    "# what is set, where it comes from, and whether all of it can be reached",
    "onsale config check",
    "onsale api",
)
worker_app = Commands(
    help="Run a worker role; settings come from the environment.",
    epilog=examples("ONSALE_METRICS_PORT=9101 onsale worker seat-reservation"),
    no_args_is_help=True,
)


def up(
    host: Annotated[str, typer.Option(help="Where the API listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where the API listens.", min=1, max=65_535)] = 8000,
    data: Annotated[
        Path, typer.Option(envvar="ONSALE_DATA", help="Where everything is kept.")
    ] = DATA_DEFAULT,
    bus: Annotated[Literal["redis", "kafka"], typer.Option(help="The message broker.")] = "redis",
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
    from onsale.cli.up_console import run_up
    from onsale.embedded_system import UpOptions
    from onsale.settings import READ_ELSEWHERE, BusKind

    warn_of_unknown_names()
    extra = {
        key: value
        for key, value in os.environ.items()
        if key.startswith("ONSALE_") and key not in READ_ELSEWHERE
    }
    if brokers is not None and bus != "kafka":
        raise typer.BadParameter("there are brokers only with --bus kafka", param_hint="--brokers")
    options = UpOptions(
        data=data,
        host=host,
        port=port,
        bus=BusKind(bus),
        extra=extra,
        cache=cache,
        worker_count=workers,
        broker_count=brokers,
    )
    asyncio.run(run_up(options, out, with_demo=demo))


def api() -> None:
    """Run the HTTP API; settings come from the environment."""
    from onsale.bootstrap_api import run_api
    from onsale.settings import ApiSettings

    _run_role(run_api, "api", ApiSettings)


@worker_app.command("seat-reservation")
def worker_seat_reservation() -> None:
    """Decide seat commands: the one role that writes seat state."""
    from onsale.bootstrap_seat_reservation import run_seat_reservation_worker
    from onsale.settings import Settings

    _run_role(run_seat_reservation_worker, "seat-reservation", Settings)


@worker_app.command("ticketing")
def worker_ticketing() -> None:
    """Write seat results into the ledger; release expired holds; send what is owed."""
    from onsale.bootstrap_ticketing import run_ticketing_worker
    from onsale.settings import Settings

    _run_role(run_ticketing_worker, "ticketing", Settings)


@worker_app.command("webhooks")
def worker_webhooks() -> None:
    """Deliver to sellers' webhooks what they are owed."""
    from onsale.bootstrap_webhooks import run_webhooks_worker
    from onsale.settings import WebhooksSettings

    _run_role(run_webhooks_worker, "webhooks", WebhooksSettings)


def _run_role(
    role: Callable[[RoleSettings, asyncio.Event], Awaitable[None]],
    name: str,
    kind: "type[RoleSettings]",
) -> None:
    from onsale.bootstrap import run_role

    run_role(role, name, settings_of_environment(kind))
