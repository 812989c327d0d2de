"""Bookings: made, paid, cancelled, followed."""

from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from onsale.cli.exit_codes import ExitCode
from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import JsonOption, UrlOption
from onsale.cli.printing import money, say, say_json, say_json_line, say_table

if TYPE_CHECKING:
    from onsale.client import Booking, BookingWithTickets

app = Commands(help="Book seats, pay for them, give them up.", no_args_is_help=True)


def _sendable(key: str | None) -> str | None:
    """The key as it is.

    Raises:
        BadParameter: no header can hold it.
    """
    from onsale.client.call import is_sendable

    if key is not None and not is_sendable(key):
        raise typer.BadParameter("a key is text on one line, without blanks around it")
    return key


BookingArgument = Annotated[UUID, typer.Argument(help="The booking's id.")]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Idempotency key: a repeat with the same one does nothing twice.",
        callback=_sendable,
    ),
]


@app.command(
    "create",
    epilog=examples(
        "# the two best seats of section A, subsection 1",
        "onsale booking create 7 A 1 --quantity 2",
        "# these two, and no others",
        "onsale booking create 7 A 1 --seat 3-7 --seat 3-8",
        "# a wheelchair and company; in the rows of a price category",
        "onsale booking create 7 A 1 --quantity 2 --accessible 1",
        "onsale booking create 7 A 1 --quantity 2 --category front",
    ),
)
def create(
    event: Annotated[int, typer.Argument(help="The event's number.", min=1)],
    section: Annotated[str, typer.Argument(help="The section, such as A.")],
    subsection: Annotated[int, typer.Argument(help="The subsection's number.")],
    seat: Annotated[
        list[str] | None, typer.Option("--seat", help="This seat, row-seat; once for each.")
    ] = None,
    quantity: Annotated[
        int | None, typer.Option(help="So many of the best that are to be had.", min=1)
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="In the rows of this price category.")
    ] = None,
    accessible: Annotated[
        int, typer.Option(help="How many of the seats must be accessible.", min=0)
    ] = 0,
    wait: Annotated[bool, typer.Option(help="Wait until the seats are held.")] = True,
    key: KeyOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book seats, and wait until they are held. Exit status 1 if there were none to be had."""
    from onsale.cli.service import service
    from onsale.client import BookingStatus

    with service(url) as client:
        booking = client.create_booking(
            event,
            section,
            subsection,
            seats=seat or (),
            quantity=quantity,
            price_category=category,
            accessible_seats=accessible,
            idempotency_key=key,
        )
        if wait:
            booking = client.wait_for_seats(booking)
    _show(booking, as_json=as_json)
    if booking.status is BookingStatus.FAILED:
        raise typer.Exit(ExitCode.FAILED)


@app.command("show", epilog=examples("onsale booking show 0190a5c2-…"))
def show(booking: BookingArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show a booking with its tickets, and the code of each once it is paid."""
    from onsale.cli.service import service

    with service(url) as client:
        found = client.get_booking(booking)
    _show(found, as_json=as_json)
    if not as_json and found.tickets:
        _say_tickets(found)


@app.command(
    "follow",
    epilog=examples(
        "onsale booking follow 0190a5c2-…",
        "# a JSON document a line, as it happens",
        "onsale booking follow 0190a5c2-… --json | jq --unbuffered .status",
    ),
)
def follow(booking: BookingArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show a booking as it stands and each time it changes, until it is over."""
    from onsale.cli.service import service

    with service(url) as client, client.follow_booking(booking) as views:
        for view in views:
            if as_json:
                say_json_line(view)
            else:
                say(_line(view))


@app.command(
    "pay",
    epilog=examples(
        "# asks for the card's number",
        "onsale booking pay 0190a5c2-…",
        "# in a script",
        "onsale booking pay 0190a5c2-… --card-stdin < card",
    ),
)
def pay(
    booking: BookingArgument,
    card_stdin: Annotated[
        bool, typer.Option("--card-stdin", help="Read the card's number from stdin.")
    ] = False,
    key: KeyOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay for a booking that is held."""
    from onsale.cli.secrets_asked import secret
    from onsale.cli.service import service

    with service(url) as client:
        card = secret("card number", from_stdin=card_stdin, option="--card-stdin")
        paid = client.pay_booking(booking, card, idempotency_key=key)
    if as_json:
        say_json(paid)
    else:
        say(f"booking {paid.id}: {paid.status.value}, payment {paid.payment_id}")


@app.command("cancel", epilog=examples("onsale booking cancel 0190a5c2-…"))
def cancel(booking: BookingArgument, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Give a booking up; its seats are offered again."""
    from onsale.cli.service import service

    with service(url) as client:
        cancelled = client.cancel_booking(booking)
    if as_json:
        say_json(cancelled)
    else:
        say(f"booking {cancelled.id}: {cancelled.status.value}")


@app.command(
    "list",
    epilog=examples(
        "onsale booking list",
        "# as a seller: those of an event of yours",
        "onsale booking list --event 7 --status completed --limit 1000",
    ),
)
def list_bookings(
    event: Annotated[int | None, typer.Option(help="Only of this event.", min=1)] = None,
    status: Annotated[
        Literal["processing", "pending_payment", "paid", "completed", "cancelled", "failed"] | None,
        typer.Option(help="Only those."),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 100,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List bookings, newest first: your own, or as a seller those of your events."""
    from itertools import islice

    from onsale.cli.service import service

    with service(url) as client, client.all_bookings(event_id=event, status=status) as stream:
        bookings = list(islice(stream, limit))
    if as_json:
        say_json(bookings)
        return
    say_table(
        ("booking", "event", "place", "seats", "total", "status"),
        [
            (
                each.id,
                each.event_id,
                f"{each.section}-{each.subsection}",
                " ".join(each.seat_positions) or each.quantity,
                money(each.total_price, each.currency),
                _status(each),
            )
            for each in bookings
        ],
    )


def _show(booking: "Booking", *, as_json: bool) -> None:
    if as_json:
        say_json(booking)
    else:
        say(_line(booking))


def _line(booking: "Booking") -> str:
    seats = " ".join(booking.seat_positions) or f"{booking.quantity} seats"
    until = (
        f", held until {booking.expires_at:%H:%M:%S} UTC"
        if booking.status == "pending_payment" and booking.expires_at is not None
        else ""
    )
    return (
        f"booking {booking.id}: {_status(booking)}: {booking.section}-{booking.subsection} {seats},"
        f" {money(booking.total_price, booking.currency)}{until}"
    )


def _status(booking: "Booking") -> str:
    reason = booking.failure_reason or booking.cancel_reason
    return f"{booking.status.value} ({reason})" if reason else booking.status.value


def _say_tickets(booking: "BookingWithTickets") -> None:
    say_table(
        ("ticket", "row", "seat", "price", "status", "code"),
        [
            (
                each.id,
                each.row,
                each.seat,
                money(each.price, booking.currency),
                each.status.value,
                each.code or "",
            )
            for each in booking.tickets
        ],
    )
