"""Puts the commands together."""

from importlib.metadata import version
from typing import Annotated

import typer
from typing_extensions import override

from onsale.cli import bookings, config, dead_letters, events, repair, roles, top, traces, users
from onsale.cli.groups import Commands, Group
from onsale.cli.help_texts import PANEL_OPERATE, PANEL_RUN, PANEL_USE, exit_codes
from onsale.cli.printing import out

COMMANDS = (
    *("up", "api", "worker", "user", "event", "booking"),
    *("top", "trace", "verify", "seats", "db", "dlq", "config"),
)


class _InThisOrder(Group):
    """Lists commands and groups of commands as a newcomer meets them."""

    @override
    def list_commands(self, ctx: object) -> list[str]:
        return sorted(self.commands, key=COMMANDS.index)


app = Commands(
    name="onsale",
    cls=_InThisOrder,
    help="Sells reserved seats, once each, when everyone wants the same ones.\n\n"
    "New here? [cyan]onsale up[/cyan] starts everything on this machine and says what to do next. "
    "Each command has examples: [cyan]onsale event create --help[/cyan].",
    epilog=exit_codes(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(epilog=roles.UP_EXAMPLES, rich_help_panel=PANEL_RUN)(roles.up)
app.command(epilog=roles.API_EXAMPLES, rich_help_panel=PANEL_RUN)(roles.api)
app.add_typer(roles.worker_app, name="worker", rich_help_panel=PANEL_RUN)
app.add_typer(users.app, name="user", rich_help_panel=PANEL_USE)
app.add_typer(events.app, name="event", rich_help_panel=PANEL_USE)
app.add_typer(bookings.app, name="booking", rich_help_panel=PANEL_USE)
app.command(epilog=top.EXAMPLES, rich_help_panel=PANEL_OPERATE)(top.top)
app.command(epilog=traces.EXAMPLES, rich_help_panel=PANEL_OPERATE)(traces.trace)
app.command(epilog=repair.VERIFY_EXAMPLES, rich_help_panel=PANEL_OPERATE)(repair.verify)
app.add_typer(repair.seats_app, name="seats", rich_help_panel=PANEL_OPERATE)
app.add_typer(repair.db_app, name="db", rich_help_panel=PANEL_OPERATE)
app.add_typer(dead_letters.app, name="dlq", rich_help_panel=PANEL_OPERATE)
app.add_typer(config.app, name="config", rich_help_panel=PANEL_OPERATE)


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
