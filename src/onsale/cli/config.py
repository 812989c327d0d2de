"""Settings: what is in force, where it comes from, and whether it works."""

import asyncio
from typing import Annotated, Literal

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import DataOption, JsonOption
from onsale.cli.printing import say, say_json, say_table

app = Commands(help="See and check the settings.", no_args_is_help=True)

RoleOption = Annotated[
    Literal["api", "worker", "webhooks"],
    typer.Option(
        help="Whose settings: the API and the webhooks worker need ONSALE_TOKEN_SECRET too, and "
        "the latter neither seat store nor broker."
    ),
]


@app.command(
    "show",
    epilog=examples(
        "onsale config show",
        "# what is set alone, as JSON",
        "onsale config show --json | jq '.[] | select(.source != \"default\")'",
    ),
)
def show(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every setting in force and where it comes from; secrets are masked."""
    from onsale.cli.settings_shown import settings_shown

    shown = settings_shown(data)
    if as_json:
        say_json(shown)
        return
    say_table(
        ("setting", "value", "from", "is"),
        [(each.name, each.value or "", each.source, each.description) for each in shown],
    )


@app.command(
    "check",
    epilog=examples(
        "onsale config check",
        "# before a worker is started by a service manager",
        "onsale config check --role worker && systemctl start onsale-ticketing",
    ),
)
def check(data: DataOption = None, role: RoleOption = "api", as_json: JsonOption = False) -> None:
    """Check the settings, and that everything they name can be reached.

    Exit status 2 if a setting is missing or wrong, 4 if something cannot be reached.
    """
    from onsale.bootstrap_check import check_all
    from onsale.cli.system import settings_for
    from onsale.settings import ApiSettings, ProcessSettings, Settings, WebhooksSettings

    kinds: dict[str, type[ProcessSettings]] = {
        "api": ApiSettings,
        "worker": Settings,
        "webhooks": WebhooksSettings,
    }
    settings = settings_for(data, kinds[role])

    async def checked() -> dict[str, str | None]:
        return {
            name: None if fault is None else str(fault) or type(fault).__name__
            async for name, fault in check_all(settings)
        }

    faults = asyncio.run(checked())
    if as_json:
        say_json({name: fault or "ok" for name, fault in faults.items()})
    else:
        say("settings: ok")
        for name, fault in faults.items():
            say(f"{name}: {fault or 'ok'}")
    if any(fault is not None for fault in faults.values()):
        raise typer.Exit(ExitCode.UNREACHABLE)
