"""The port to what a ticket is known by at the door."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SoldTicket:
    """A ticket as one booking has it: sold to another booking, it is another."""

    ticket_id: int
    booking_id: UUID


class ITicketCodes(Protocol):
    """Writes and reads codes. Nobody else can write one, and nothing of them is stored."""

    def issue(self, ticket: SoldTicket) -> str:
        """The code of a ticket: the same whenever it is asked for."""
        ...

    def read(self, code: str) -> SoldTicket:
        """The ticket whose code this is; whether it may still let anybody in is for the ledger.

        Raises:
            TicketNotValidError: it is nobody's, whatever text it is.
        """
        ...
