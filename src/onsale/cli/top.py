"""``onsale top``: an on-sale as it happens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.help_texts import examples
from onsale.cli.options import DataOption, JsonOption, UrlOption
from onsale.cli.printing import out, say_json_line, say_laid_out

if TYPE_CHECKING:
    from onsale.cli.top_looks import Look, Lookout

EXAMPLES = examples(
    "# your own events on sale, without a session anybody's: those that sell most",
    "onsale top",
    "# two events, once, as text",
    "onsale top 7 8 --once",
    "# a line a second for a program",
    "onsale top 7 --json | jq --unbuffered .accepted_per_second",
    "# a service elsewhere, with the metrics of its workers",
    "onsale top --url https://tickets.example.com --metrics http://10.0.0.7:9101",
)


def top(
    events: Annotated[
        list[int] | None,
        typer.Argument(help="Which events; else those on sale that sell most, five at most."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            help="Where a worker serves its metrics, once for each; "
            "without it those of the data directory.",
        ),
    ] = None,
    interval: Annotated[
        float, typer.Option(help="Seconds between two looks.", min=0.2, max=60)
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look twice, print it and end.")] = False,
    data: DataOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch an on-sale: bookings a second, holds, seats left, lag, what is owed, drift.

    Signed in as its seller you see revenue too. What nobody measures is shown as a dash. Bookings
    held are counted every ten seconds, the seats of an event at each look. It goes on while the
    service is restarted, for a minute at most.
    """
    from onsale.cli.service import address_of, failures
    from onsale.cli.top_looks import lookout

    address = address_of(url, data)
    try:
        watched = lookout(address, data, tuple(events or ()), tuple(metrics or ()))
    except ValueError as error:
        raise CommandFailedError(
            f"{error}; see --url, ONSALE_URL and --metrics", code=ExitCode.MISUSED
        ) from None
    with suppress(KeyboardInterrupt), failures(address):
        asyncio.run(_watch(watched, interval, once=once, as_json=as_json))


async def _watch(lookout: "Lookout", interval: float, *, once: bool, as_json: bool) -> None:
    from onsale.cli.top_view import view_of

    async with lookout:
        looks = _looks(lookout, interval)
        # Rates are differences, so the first look shows none.
        await anext(looks)
        if once:
            while (look := await anext(looks)).away_seconds is not None:
                pass
            say_json_line(look) if as_json else say_laid_out(view_of(look))
        elif as_json:
            async for look in looks:
                say_json_line(look)
        elif out.is_terminal:
            await _watch_live(looks)
        else:
            async for look in looks:
                say_laid_out(view_of(look))


async def _watch_live(looks: "AsyncIterator[Look]") -> None:
    from rich.live import Live

    from onsale.cli.top_view import view_of

    with Live(console=out, auto_refresh=False, screen=True) as live:
        async for look in looks:
            live.update(view_of(look), refresh=True)


async def _looks(lookout: "Lookout", interval: float) -> "AsyncIterator[Look]":
    while True:
        yield await lookout.look()
        await asyncio.sleep(interval)
