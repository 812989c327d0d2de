"""What the commands of ``onsale`` print. Plain lines, so that they read well in a log too."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from rich.console import Console

from onsale.bootstrap import open_message_bus
from onsale.bootstrap_demo import open_demo_maker
from onsale.bootstrap_repair import open_repair_tools
from onsale.demo import Demo
from onsale.embedded_system import EmbeddedSystem, UpOptions
from onsale.platform.embedded.managed_process import ProcessEvent, ProcessEventKind
from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.platform.message_queue.dead_letter import list_dead_letters, redrive_dead_letters
from onsale.service.shared_kernel.seat_snapshot import InconsistentSnapshotError
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import EventIsDraftError
from onsale.service.ticketing.app.command.repair_event_use_case import Repair
from onsale.service.ticketing.app.query.verify_event_use_case import Verdict
from onsale.service.ticketing.domain.exceptions import EventNotFoundError
from onsale.settings import BusKind, BusSettings, Settings, StoreSettings

DIFFERENCES_SHOWN_MAX = 1_000
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


async def run_verify(
    settings: StoreSettings,
    out: Console,
    *,
    event_id: int | None,
    wait_seconds: float,
    repair: bool,
) -> bool:
    """Verify one event or all, print every difference, and tell whether there is none (left)."""
    is_clean = True
    async with open_repair_tools(settings) as tools:
        event_ids = await tools.ledger.event_ids()
        if event_id is not None:
            if event_id not in event_ids:
                out.print(f"There is no event {event_id} whose seats were loaded.", highlight=False)
                return False
            event_ids = [event_id]
        if not event_ids:
            out.print("There is no event to verify.")
        for each in event_ids:
            began = monotonic()
            if repair:
                repaired = await tools.repair.execute(each, quiet_seconds_max=wait_seconds)
                _show_repair(repaired, out)
                verdict = repaired.after
            else:
                verdict = await tools.verify.execute(each, quiet_seconds_max=wait_seconds)
            is_clean = is_clean and not verdict.differences
            _show_verdict(verdict, monotonic() - began, out)
    return is_clean


def _show_verdict(verdict: Verdict, seconds: float, out: Console) -> None:
    for difference in verdict.differences[:DIFFERENCES_SHOWN_MAX]:
        out.print(f"  event {verdict.event_id}: {difference}", highlight=False, markup=False)
    out.print(
        f"event {verdict.event_id}: {verdict.seat_count:,} seats, {len(verdict.differences):,}"
        f" differences, {verdict.owed_commands:,} bookings under way, {seconds:.2f} s",
        highlight=False,
    )


def _show_repair(repair: Repair, out: Console) -> None:
    """Say what was found before, and what was done about it; nothing if there was nothing."""
    name, before = f"event {repair.before.event_id}", repair.before
    lines = [f"  {name}, before: {found}" for found in before.differences[:DIFFERENCES_SHOWN_MAX]]
    if repair.hurried_count:
        lines.append(f"{name}: {repair.hurried_count:,} commands that nobody answered are due now")
    if repair.loaded is not None:
        lines.append(
            f"{name}: the ledger and the seat store differed in {len(before.store_differences):,}"
            f" places; its seats were rebuilt from the ledger, epoch {repair.loaded.epoch}"
        )
    if repair.refusal is not None:
        lines.append(f"{name}: the seat store was left as it is, for {repair.refusal}")
    if before.contradictions:
        lines.append(
            f"{name}: the ledger contradicts itself in {len(before.contradictions):,} places;"
            " which side is right only a person can tell, so nothing of it was touched"
        )
    for line in lines:
        out.print(line, highlight=False, markup=False)


async def run_seats_rebuild(settings: StoreSettings, out: Console, *, event_id: int | None) -> bool:
    """Rebuild the seats of one event or of all, and tell whether every one was rebuilt."""
    all_rebuilt = True
    async with open_repair_tools(settings) as tools:
        event_ids = await tools.ledger.event_ids() if event_id is None else [event_id]
        if not event_ids:
            out.print("There is no event to rebuild.")
        for each in event_ids:
            began = monotonic()
            try:
                loaded = await tools.rebuild.execute(each)
            except EventNotFoundError:
                line = f"There is no event {each}."
            except EventIsDraftError:
                line = f"Event {each} is a draft: a ticketing worker loads it and puts it on sale."
            except InconsistentSnapshotError as error:
                line = f"Event {each} was left as it is, for the ledger contradicts itself: {error}"
            else:
                out.print(
                    f"event {each}: {loaded.seat_count:,} seats rebuilt in"
                    f" {monotonic() - began:.2f} s, epoch {loaded.epoch}",
                    highlight=False,
                )
                continue
            all_rebuilt = False
            out.print(line, highlight=False, markup=False)
    return all_rebuilt


async def run_dead_letter_list(settings: BusSettings, out: Console, *, limit: int) -> None:
    """Print the dead letters that were not re-driven yet."""
    async with open_message_bus(settings) as (bus, topics):
        letters = await list_dead_letters(bus, topics, limit)
    if not letters:
        out.print("There are no dead letters.")
    for letter in letters:
        out.print(
            f"{letter.failed_at:%Y-%m-%d %H:%M:%S}  {letter.topic}  {letter.key}\n"
            f"  {letter.error_type}: {letter.error_text}\n  {letter.value}",
            highlight=False,
            markup=False,
        )


async def run_dead_letter_redrive(
    settings: BusSettings, out: Console, *, limit: int | None
) -> None:
    """Send dead letters to where they came from, and say how many."""
    async with open_message_bus(settings) as (bus, topics):
        count = await redrive_dead_letters(bus, topics, limit)
    out.print(f"{count} dead letters were sent again.", highlight=False)


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
