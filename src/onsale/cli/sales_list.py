"""What was sold, as lines, and the list of tickets as a file."""

from contextlib import suppress
from pathlib import Path

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.printing import money, progress, say, say_table
from onsale.client import OnsaleClient, Sales

RATE_SECONDS = 10


def say_sales(sales: Sales) -> None:
    """Figures of the event, then of its subsections."""
    recent = sum(sales.bookings_last_minute[-RATE_SECONDS:]) / RATE_SECONDS
    say(
        f"event {sales.event_id}: {sales.sold:,} sold, {sales.reserved:,} held,"
        f" {sales.available:,} left, {sales.blocked:,} blocked;"
        f" revenue {money(sales.revenue, sales.currency)};"
        f" {recent:.1f} bookings/s"
    )
    if sales.refunds_due:
        say(f"to be given back: {money(sales.refunds_due, sales.currency)}")
    say_table(
        ("section", "sub", "sold", "held", "left", "blocked", "revenue"),
        [
            (
                each.section,
                each.subsection,
                each.sold,
                each.reserved,
                each.available,
                each.blocked,
                money(each.revenue, sales.currency),
            )
            for each in sales.sections
        ],
    )


def keep_list(client: OnsaleClient, event_id: int, path: Path) -> None:
    """Write the list of tickets; a part of it never stands where the whole is expected."""
    part = path.with_name(f"{path.name}.part")
    size = 0
    try:
        with (
            client.download_tickets(event_id) as chunks,
            part.open("wb") as file,
            progress("bytes") as advance,
        ):
            for chunk in chunks:
                file.write(chunk)
                size += len(chunk)
                advance(len(chunk))
        part.replace(path)
    except OSError as error:
        raise CommandFailedError(f"{path}: {error.strerror}", code=ExitCode.MISUSED) from None
    finally:
        # There may be no such folder.
        with suppress(OSError):
            part.unlink()
    say(f"{path}: {size:,} bytes")
