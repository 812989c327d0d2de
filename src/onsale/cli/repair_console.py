"""What ``onsale verify`` and ``onsale seats rebuild`` find and print, a line for each thing."""

from collections.abc import Sequence
from time import monotonic

import msgspec

from onsale.bootstrap_repair import RepairTools, open_repair_tools
from onsale.cli.exit_codes import ExitCode
from onsale.cli.printing import progress, say, say_json
from onsale.service.shared_kernel.seat_snapshot import InconsistentSnapshotError
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import EventIsDraftError
from onsale.service.ticketing.app.command.repair_event_use_case import Repair
from onsale.service.ticketing.app.query.verify_event_use_case import Verdict
from onsale.service.ticketing.domain.exceptions import EventNotFoundError
from onsale.settings import StoreSettings

DIFFERENCES_SHOWN_MAX = 1_000


class EventVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """How the stores agree about one event; ``done`` is what was done about it, if anything was."""

    event_id: int
    seats: int
    differences: Sequence[str]
    differences_before: Sequence[str]
    bookings_under_way: int
    done: Sequence[str]
    seconds: float


class EventRebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event's seats; ``refusal`` says why they were left as they are."""

    event_id: int
    seats: int | None = None
    epoch: int | None = None
    seconds: float
    refusal: str | None = None


async def run_verify(
    settings: StoreSettings,
    *,
    event_id: int | None,
    wait_seconds: float,
    repair: bool,
    as_json: bool,
) -> bool:
    """Verify one event or all, print every difference, and tell whether there is none (left)."""
    verdicts = []
    async with open_repair_tools(settings) as tools:
        event_ids = await tools.ledger.event_ids()
        if event_id is not None:
            if event_id not in event_ids:
                return _nothing(f"There is no event {event_id} whose seats were loaded.", as_json)
            event_ids = [event_id]
        with progress("comparing", len(event_ids)) as advance:
            for each in event_ids:
                verdict = await _verify(tools, each, wait_seconds, repair=repair)
                verdicts.append(verdict)
                if not as_json:
                    _show_verdict(verdict)
                advance(1)
    is_clean = not any(verdict.differences for verdict in verdicts)
    if as_json:
        say_json({"is_clean": is_clean, "events": verdicts})
    elif not verdicts:
        say("There is no event to verify.")
    return is_clean


async def _verify(
    tools: RepairTools, event_id: int, wait_seconds: float, *, repair: bool
) -> EventVerdict:
    began = monotonic()
    if not repair:
        verdict = await tools.verify.execute(event_id, quiet_seconds_max=wait_seconds)
        return _event_verdict(verdict, began)
    repaired = await tools.repair.execute(event_id, quiet_seconds_max=wait_seconds)
    return _event_verdict(repaired.after, began, repaired.before.differences, _done(repaired))


def _event_verdict(
    verdict: Verdict, began: float, before: Sequence[str] = (), done: Sequence[str] = ()
) -> EventVerdict:
    return EventVerdict(
        event_id=verdict.event_id,
        seats=verdict.seat_count,
        differences=verdict.differences,
        differences_before=before,
        bookings_under_way=verdict.owed_commands,
        done=done,
        seconds=round(monotonic() - began, 3),
    )


def _show_verdict(verdict: EventVerdict) -> None:
    name = f"event {verdict.event_id}"
    for found in verdict.differences_before[:DIFFERENCES_SHOWN_MAX]:
        say(f"  {name}, before: {found}")
    for line in verdict.done:
        say(f"{name}: {line}")
    for found in verdict.differences[:DIFFERENCES_SHOWN_MAX]:
        say(f"  {name}: {found}")
    say(
        f"{name}: {verdict.seats:,} seats, {len(verdict.differences):,} differences,"
        f" {verdict.bookings_under_way:,} bookings under way, {verdict.seconds:.2f} s"
    )


def _done(repair: Repair) -> list[str]:
    """What was done about what was found before; nothing if there was nothing."""
    before = repair.before
    lines = []
    if repair.hurried_count:
        lines.append(f"{repair.hurried_count:,} commands that nobody answered are due now")
    if repair.loaded is not None:
        lines.append(
            f"the ledger and the seat store differed in {len(before.store_differences):,} places;"
            f" its seats were rebuilt from the ledger, epoch {repair.loaded.epoch}"
        )
    if repair.refusal is not None:
        lines.append(f"the seat store was left as it is, for {repair.refusal}")
    if before.contradictions:
        lines.append(
            f"the ledger contradicts itself in {len(before.contradictions):,} places;"
            " which side is right only a person can tell, so nothing of it was touched"
        )
    return lines


async def run_seats_rebuild(
    settings: StoreSettings, *, event_id: int | None, as_json: bool
) -> ExitCode:
    """Rebuild the seats of one event or of all; see ``status_of``."""
    rebuilt = []
    async with open_repair_tools(settings) as tools:
        event_ids = await tools.ledger.event_ids() if event_id is None else [event_id]
        with progress("rebuilding", len(event_ids)) as advance:
            for each in event_ids:
                event = await _rebuild(tools, each)
                rebuilt.append(event)
                if not as_json:
                    _show_rebuilt(event)
                advance(1)
    if as_json:
        say_json({"events": rebuilt})
    elif not rebuilt:
        say("There is no event to rebuild.")
    return status_of(rebuilt)


def status_of(rebuilt: Sequence[EventRebuilt]) -> ExitCode:
    """Whether all were rebuilt, some, or none."""
    refused = sum(event.refusal is not None for event in rebuilt)
    if not refused:
        return ExitCode.DONE
    return ExitCode.PARTLY if refused < len(rebuilt) else ExitCode.FAILED


async def _rebuild(tools: RepairTools, event_id: int) -> EventRebuilt:
    began = monotonic()
    try:
        loaded = await tools.rebuild.execute(event_id)
    except EventNotFoundError:
        refusal = f"There is no event {event_id}."
    except EventIsDraftError:
        refusal = f"Event {event_id} is a draft: a ticketing worker loads it and puts it on sale."
    except InconsistentSnapshotError as error:
        refusal = f"Event {event_id} was left as it is, for the ledger contradicts itself: {error}"
    else:
        return EventRebuilt(
            event_id=event_id,
            seats=loaded.seat_count,
            epoch=loaded.epoch,
            seconds=round(monotonic() - began, 3),
        )
    return EventRebuilt(event_id=event_id, seconds=round(monotonic() - began, 3), refusal=refusal)


def _show_rebuilt(event: EventRebuilt) -> None:
    if event.refusal is not None:
        say(event.refusal)
        return
    say(
        f"event {event.event_id}: {event.seats:,} seats rebuilt in {event.seconds:.2f} s,"
        f" epoch {event.epoch}"
    )


def _nothing(line: str, as_json: bool) -> bool:
    if as_json:
        say_json({"is_clean": False, "events": [], "refusal": line})
    else:
        say(line)
    return False
