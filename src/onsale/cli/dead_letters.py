"""Dead letters: messages that no worker could process."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import DataOption, JsonOption
from onsale.cli.printing import say, say_json
from onsale.cli.system import settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onsale.platform.message_queue.dead_letter import DeadLetter
    from onsale.settings import BusSettings

app = Commands(
    help="See the messages that no worker could process, and send them again.",
    no_args_is_help=True,
)


@app.command(
    "list",
    epilog=examples("onsale dlq list", "onsale dlq list --limit 1000 --json | jq '.[].error_text'"),
)
def dlq_list(
    data: DataOption = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show the messages that no worker could process, each with its error."""
    from onsale.settings import BusSettings

    letters = asyncio.run(_letters(settings_for(data, BusSettings), limit))
    if as_json:
        say_json(letters)
        return
    if not letters:
        say("There are no dead letters.")
    for letter in letters:
        say(f"{letter.failed_at:%Y-%m-%d %H:%M:%S}  {letter.topic}  {letter.key}")
        say(f"  {letter.error_type}: {letter.error_text}")
        say(f"  {letter.value}")


@app.command(
    "redrive",
    epilog=examples(
        "# what made them fail is mended: ten to see whether it holds, then the rest",
        "onsale dlq redrive --limit 10",
        "onsale dlq redrive",
    ),
)
def dlq_redrive(
    data: DataOption = None,
    limit: Annotated[
        int | None, typer.Option(help="How many at most; all without it.", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send dead letters to the topic that they came from once more."""
    from onsale.settings import BusSettings

    count = asyncio.run(_redrive(settings_for(data, BusSettings), limit))
    if as_json:
        say_json({"sent_again": count})
    else:
        say(f"{count} dead letters were sent again.")


async def _letters(settings: "BusSettings", limit: int) -> "Sequence[DeadLetter]":
    from onsale.bootstrap import open_message_bus
    from onsale.platform.message_queue.dead_letter import list_dead_letters

    async with open_message_bus(settings) as (bus, topics):
        return await list_dead_letters(bus, topics, limit)


async def _redrive(settings: "BusSettings", limit: int | None) -> int:
    from onsale.bootstrap import open_message_bus
    from onsale.platform.message_queue.dead_letter import redrive_dead_letters

    async with open_message_bus(settings) as (bus, topics):
        return await redrive_dead_letters(bus, topics, limit)
