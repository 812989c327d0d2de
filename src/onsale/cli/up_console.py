"""What ``onsale up`` prints. Plain lines, so that they read well in a log too."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from rich.console import Console

from onsale.bootstrap_demo import open_demo_maker
from onsale.demo import Demo
from onsale.embedded_system import EmbeddedSystem, UpOptions
from onsale.platform.embedded.managed_process import ProcessEvent, ProcessEventKind
from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.settings import BusKind, Settings

_DEMO_ORDER = {
    "section": "A",
    "subsection": 1,
    "seat_selection_mode": "best_available",
    "quantity": 2,
}


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
                _show_welcome(system, options, demo, monotonic() - began, out)

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


def _show_welcome(
    system: EmbeddedSystem, options: UpOptions, demo: Demo | None, seconds: float, out: Console
) -> None:
    base = system.base_url
    lines = [
        "",
        f"onsale is up after {seconds:.1f} s: {base}",
        f"  open   {base}  (the API: {base}/docs)",
        f"  data   {options.data.absolute()} (logs in logs/)",
        f"  check  {sys.argv[0]} verify --data {options.data}",
        f"  watch  {sys.argv[0]} top --url {base} --data {options.data}",
        *(
            f"  meter  http://127.0.0.1:{port}/metrics of {name}"
            for name, port in system.metrics_ports.items()
        ),
    ]
    if demo is not None:
        log_in = {"email": demo.buyer_email, "password": demo.buyer_password}
        order = {"event_id": demo.event_id, **_DEMO_ORDER}
        lines += [
            "",
            "  A demo event of 50,000 seats is on sale. Accounts of this data directory:",
            f"    buyer   {demo.buyer_email}   password {demo.buyer_password}",
            f"    seller  {demo.seller_email}  password {demo.seller_password}",
            "",
            "  Type next, in another terminal:",
            f"    curl -sS -c jar -H 'Content-Type: application/json' {base}/api/user/login \\",
            f"      -d '{json.dumps(log_in)}'",
            f"    curl -sS -b jar -H 'Content-Type: application/json' {base}/api/booking \\",
            f"      -d '{json.dumps(order)}'",
            f"    curl -sS -b jar {base}/api/booking",
        ]
    lines += ["", "Ctrl-C stops it; the data stays.", ""]
    out.print("\n".join(lines), highlight=False, markup=False)
