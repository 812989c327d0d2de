"""Guards of the system that can be taken out, to see that the storm notices.

A guard is taken out of a copy of the source; the installed one stays as it is.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storm.system import PROJECT

SOURCE = PROJECT / "src" / "onsale"
_TICKETING = "service/ticketing"
_LEDGER = f"{_TICKETING}/driven_adapter/repository/sql/unit_of_work.sql"
_SCRIPTS = "service/seat_reservation/driven_adapter/seat_store"


class GuardChangedError(Exception):
    """The source no longer holds the text that the guard consists of."""


@dataclass(frozen=True, slots=True)
class Change:
    """``guarded`` stands exactly once in the file, below the package, and becomes ``bare``."""

    file: str
    guarded: str
    bare: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Why it is there, and what takes it out; several changes where several layers guard."""

    purpose: str
    changes: tuple[Change, ...]


GUARDS: Mapping[str, Guard] = {
    "re-publisher": Guard(
        "a command that was lost on its way is sent again",
        (
            Change(
                f"{_TICKETING}/driving_adapter/background/upkeep_jobs.py",
                "return await self.resend_owed_commands.execute() >= RESEND_BATCH_COUNT_MAX",
                "return False",
            ),
        ),
    ),
    "script-idempotency": Guard(
        "a booking that is asked for again gets its first answer, and no second seats",
        (
            Change(
                f"{_SCRIPTS}/apply_seat_commands.lua",
                "if not standing then return reserve_anew(command) end",
                "if standing ~= 0 then return reserve_anew(command) end",
            ),
        ),
    ),
    "taken-seats": Guard(
        "a seat is given only if it is free: in the script, in the ledger, and by uniqueness",
        (
            Change(
                f"{_SCRIPTS}/subsection_seats.lua",
                "if state_at(index) ~= AVAILABLE then",
                "if state_at(index) < AVAILABLE then",
            ),
            Change(_LEDGER, "      AND ticket.status = 'available'\n", ""),
            Change(
                _LEDGER,
                "    SELECT booking_id, id FROM moved\n",
                "    SELECT booking_id, id FROM moved ON CONFLICT DO NOTHING\n",
            ),
        ),
    ),
    "hold-length": Guard(
        "a hold lasts as long as its event grants",
        (
            Change(
                f"{_TICKETING}/app/command/apply_seat_results_use_case.py",
                "transaction.now + timedelta(seconds=hold_seconds)",
                "transaction.now + timedelta(seconds=1)",
            ),
        ),
    ),
    "sales": Guard(
        "only a hall that is full refuses a booking as sold out",
        (
            Change(
                f"{_TICKETING}/app/command/create_booking_use_case.py",
                "if available is not None and available < request.quantity:",
                "if (available := 0) < request.quantity:",
            ),
        ),
    ),
    "free-seats": Guard(
        "a seat is called taken only if it is",
        (
            Change(
                f"{_TICKETING}/app/command/create_booking_use_case.py",
                "if states[index] != SeatState.AVAILABLE",
                "if states[index] != SeatState.BLOCKED",
            ),
        ),
    ),
    "live-views": Guard(
        "whoever follows a stream is shown what changes",
        (
            Change(
                f"{_TICKETING}/app/service/live_feed.py",
                "        if view != self.view:\n",
                "        if self.view is None:\n",
            ),
        ),
    ),
    "admissions": Guard(
        "a ticket lets in once, and only while its booking is completed and its event goes on",
        (
            Change(
                _LEDGER,
                "WHERE id = $1 AND booking_id = $2 AND status = 'sold' AND admitted_at IS NULL",
                "WHERE id = $1 AND $2::uuid IS NOT NULL",
            ),
            Change(
                f"{_TICKETING}/app/command/admit_ticket_use_case.py",
                "or not booking.admits",
                "",
            ),
            Change(
                f"{_TICKETING}/app/command/admit_ticket_use_case.py",
                "if await transaction.is_cancelled(event_id):",
                "if False:",
            ),
        ),
    ),
    "refunds": Guard(
        "what was paid for an event that is called off goes back",
        (
            Change(
                f"{_TICKETING}/app/command/end_cancelled_events_use_case.py",
                "if booking.payment_id is not None:",
                "if False:",
            ),
        ),
    ),
    "webhooks": Guard(
        "what a webhook is to be told is owed in the transaction in which it becomes true",
        (
            Change(
                f"{_TICKETING}/driven_adapter/repository/asyncpg_ticketing_transaction.py",
                "await owe_for_bookings(self._connection, changed, self._now)",
                "del changed",
            ),
        ),
    ),
    "sold-out": Guard(
        "an event that is sold out is told to its seller's webhooks",
        (
            Change(
                f"{_TICKETING}/driven_adapter/repository/asyncpg_upkeep.py",
                "await owe_for_sold_out(connection, sold_out, now)",
                "del now",
            ),
        ),
    ),
    "ownership": Guard(
        "a booking is shown to its buyer and to its seller only",
        (
            Change(
                f"{_TICKETING}/app/query/get_booking_use_case.py",
                "RoleAuthService.require_booking_reader(principal, view.booking, event.seller_id)",
                "pass",
            ),
        ),
    ),
}


def source_without(guard_name: str, folder: Path) -> Path:
    """Copy the package into ``folder`` without the guard; returns what the system runs from.

    Raises:
        GuardChangedError: the guard is not where it was.
    """
    package = folder / "onsale"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for change in GUARDS[guard_name].changes:
        path = package / change.file
        text = path.read_text()
        if text.count(change.guarded) != 1:
            raise GuardChangedError(f"{change.file} does not hold {change.guarded!r} once")
        path.write_text(text.replace(change.guarded, change.bare))
    return folder
