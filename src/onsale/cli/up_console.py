"""What ``onsale up`` prints. Plain lines, so that they read well in a log too."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from rich.console import Console

from onsale.bootstrap_demo import open_demo_maker
from onsale.cli.up_welcome import welcome
from onsale.demo import Demo
from onsale.embedded_system import EmbeddedSystem, UpOptions
from onsale.platform.embedded.managed_process import ProcessEvent, ProcessEventKind
from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.settings import BusKind, Settings


async def run_up(options: UpOptions, out: Console, *, with_demo: bool) -> None:
    """Start the embedded system, say what to open and type next, and wait for Ctrl-C.

    Raises:
        EmbeddedError: something is missing, in the way, or did not become ready.
    """
    began = monotonic()

    def show(event: ProcessEvent) -> None:
        _show_event(event, out)

    def tell(line: str) -> None:
        out.print(f"onsale: {line}", highlight=False, markup=False)

    stop = asyncio.Event()
    with stop_on_signals(stop):
        async with (system := EmbeddedSystem(options, show, tell)).supervisor as supervisor:

            async def bring_up() -> None:
                out.print(f"onsale: starting in {options.data.absolute()}", highlight=False)
                if options.bus is BusKind.KAFKA:
                    out.print("onsale: fetching the broker's jars where missing", highlight=False)
                environment = await system.bring_up()
                demo = await _make_demo(environment, options.data) if with_demo else None
                seconds = monotonic() - began
                ports = system.metrics_ports
                lines = welcome(system.base_url, options.data, ports, demo, seconds)
                out.print("\n".join(lines), highlight=False, markup=False)

            await supervisor.run(bring_up, stop)
            out.print("onsale: stopping", highlight=False)
    out.print("onsale: stopped; everything is kept in the data directory", highlight=False)


async def _make_demo(environment: Mapping[str, str], data: Path) -> Demo:
    settings = Settings.model_validate(
        {key.removeprefix("ONSALE_").lower(): value for key, value in environment.items()}
    )
    async with open_demo_maker(settings) as maker:
        return await maker.make(data)


def _show_event(event: ProcessEvent, out: Console) -> None:
    if event.kind is ProcessEventKind.STARTING and event.restart_delay_seconds is None:
        return
    detail = f" ({event.detail})" if event.detail else ""
    again = (
        f", starting again in {event.restart_delay_seconds:.1f} s"
        if event.restart_delay_seconds is not None
        else ""
    )
    out.print(f"onsale: {event.name} {event.kind.value}{detail}{again}", highlight=False)
