"""Who was let in or sent away, and should not have been; to be planted into a sale in order."""

from dataclasses import replace

from tests.builders.storm_history import EVENT, OnSale
from tests.builders.storm_wrong_sellers import end_with_its_event

USED = (409, "ALREADY_ADMITTED")
VOID = (422, "TICKET_NOT_VALID")


def scan(
    sale: OnSale,
    at: float,
    answer: tuple[int | None, str] = (200, ""),
    *,
    door: int = 1,
    event_id: int = EVENT,
    is_forged: bool = False,
    ticket: tuple[int, str] = (0, "a"),
) -> None:
    """Sent at this second and answered within a tenth of it; the ticket is that of seat 1-1."""
    status, code = answer
    ticket_id, booking_id = ticket
    asked = {"ticket_id": ticket_id, "booking_id": booking_id, "event_id": EVENT}
    sale.saw(
        "scan",
        f"door {door}",
        (at, None if status is None else at + 0.1),
        status,
        {"code": code} if code else {},
        event_id=event_id,
        asked={**asked, "is_forged": is_forged},
    )


def remember(sale: OnSale, ticket_id: int = 0) -> None:
    """The ledger knows that the ticket has let somebody in."""
    sale.changes["tickets"] = [
        replace(ticket, is_admitted=ticket.is_admitted or ticket.id == ticket_id)
        for ticket in sale.state().tickets
    ]


def let_in(sale: OnSale, at: float = 5.0) -> None:
    """In order: the ticket of seat 1-1 opens the door."""
    scan(sale, at)
    remember(sale)


def both_doors_let_in(sale: OnSale) -> None:
    """At the same moment."""
    let_in(sale)
    scan(sale, 5.0, door=2)


def a_used_ticket_let_in(sale: OnSale) -> None:
    """One door had known better."""
    scan(sale, 4.8, (None, ""))
    scan(sale, 5.0, USED)
    let_in(sale, 6.0)


def a_new_ticket_was_called_used(sale: OnSale) -> None:
    """Nobody has come with it before."""
    scan(sale, 5.0, USED)
    remember(sale)


def an_event_that_was_called_off_let_in(sale: OnSale) -> None:
    """Its end had been granted."""
    end_with_its_event(sale)
    scan(sale, 6.0)


def a_forged_code_let_in(sale: OnSale) -> None:
    """Nobody has issued it."""
    scan(sale, 5.0, is_forged=True)


def another_event_let_in(sale: OnSale) -> None:
    """The ticket was good elsewhere."""
    scan(sale, 5.0, event_id=EVENT + 1)


def a_booking_that_was_given_back_let_in(sale: OnSale) -> None:
    """Its buyer had cancelled it."""
    scan(sale, 5.0, ticket=(1, "b"))


def a_good_ticket_was_sent_away(sale: OnSale) -> None:
    """Its event goes on."""
    scan(sale, 5.0, VOID)


def an_admission_was_forgotten(sale: OnSale) -> None:
    """The next one would be let in as well."""
    scan(sale, 5.0)


def somebody_is_in_who_never_came(sale: OnSale) -> None:
    """Whoever has the ticket will be sent away."""
    remember(sale)


WRONG_DOORS = (
    both_doors_let_in,
    a_used_ticket_let_in,
    a_new_ticket_was_called_used,
    an_event_that_was_called_off_let_in,
    a_forged_code_let_in,
    another_event_let_in,
    a_booking_that_was_given_back_let_in,
    a_good_ticket_was_sent_away,
    an_admission_was_forgotten,
    somebody_is_in_who_never_came,
)
