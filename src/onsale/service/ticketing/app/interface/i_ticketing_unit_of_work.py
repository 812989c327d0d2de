"""The port to the ledger for everything that changes it: one transaction a command.

Locks are always taken in one order: events, bookings by id, tickets by id. What is read after a
lock is read in a later statement, so it is never older than the lock.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.app.interface.i_payment_transaction import IPaymentTransaction
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class EventTerms:
    """What the booking pipeline needs to know of an event."""

    event_id: int
    seller_id: int
    epoch: int
    hold_seconds: int
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class TicketClaim:
    """The seats (``row-seat``) that the seat store gave to a booking."""

    booking: Booking
    positions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovedTickets:
    """How many tickets of a booking changed state, and their price in cents."""

    count: int
    total_price: int


@dataclass(frozen=True, slots=True)
class Admission:
    """A ticket that let somebody in, and when; ``is_new`` if that was now."""

    ticket_id: int
    section: str
    subsection: int
    row: int
    seat: int
    admitted_at: datetime
    is_new: bool


class ITicketingTransaction(IPaymentTransaction, Protocol):
    """One transaction. ``now`` is the database's clock, read after the latest lock."""

    @property
    def now(self) -> datetime:
        """The database's clock (UTC)."""
        ...

    async def share_events(
        self, event_ids: Collection[int], *, skip_owned: bool = False
    ) -> Mapping[int, EventTerms]:
        """Keep these events from being loaded until the end.

        Unknown ids (and, if asked, events that are being loaded now) are left out.
        """
        ...

    async def own_event(self, event_id: int, *, briefly: bool = False) -> EventTerms | None:
        """Wait until nobody shares the event, and keep others out until the end. Unless ``briefly``
        that may take its time, as a load does.
        """
        ...

    async def lock_bookings(self, booking_ids: Collection[UUID]) -> dict[UUID, Booking]:
        """Lock and read bookings, by id; unknown ids are left out."""
        ...

    async def save_bookings(self, bookings: Sequence[Booking]) -> None:
        """Write bookings that this transaction locked, provided they stand as they were read."""
        ...

    async def hold_tickets(self, claims: Sequence[TicketClaim]) -> Mapping[UUID, MovedTickets]:
        """Move the claimed tickets from available to reserved, each to its booking.

        Tells what moved for each booking, ticket by ticket: a claim may have moved in part only.
        """
        ...

    async def free_tickets(self, booking_ids: Collection[UUID]) -> None:
        """Give back every reserved ticket of these bookings."""
        ...

    async def sell_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, MovedTickets]:
        """Move the tickets of these bookings from reserved to sold."""
        ...

    async def admit_ticket(self, ticket_id: int, booking_id: UUID) -> Admission | None:
        """Mark a ticket of this booking, which the transaction has locked, unless it is marked.
        ``None``: the booking has not bought that ticket.
        """
        ...

    async def forfeit_tickets(self, booking: Booking) -> None:
        """Give back every ticket that says that it is this booking's, and whatever is joined to
        it, also where the two disagree.
        """
        ...

    async def reclaim_tickets(self, booking_ids: Collection[UUID]) -> None:
        """Give back every ticket of these bookings, reserved or sold."""
        ...

    async def restate_seats(
        self,
        event_id: int,
        layout: SubsectionLayout,
        positions: Sequence[SeatPosition],
        *,
        before: TicketStatus,
        after: TicketStatus,
    ) -> Collection[SeatPosition]:
        """Move these seats of an event that is owned from one state to another; tell which of them
        were in it.
        """
        ...

    async def claim_live_bookings(
        self, event_id: int, *, after: UUID, limit: int
    ) -> Sequence[Booking]:
        """Lock up to ``limit`` bookings of the event that are not over and not being paid, with an
        id above ``after``, by id, skipping locked ones.

        Whether a payment began meanwhile must be asked again: see :meth:`being_paid`.
        """
        ...

    async def has_live_bookings(self, event_id: int) -> bool:
        """Whether a booking of the event is not over, completed ones included."""
        ...

    async def finish_cancellation(self, event_id: int) -> None:
        """All bookings of a cancelled event have ended."""
        ...

    async def is_cancelled(self, event_id: int) -> bool:
        """Whether the event is cancelled, taking no lock."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Undo what is done inside, and only that, if it raises."""
        ...

    async def events_with_expired_holds(self, limit: int) -> Collection[int]:
        """Up to ``limit`` events with a hold that ran out and is not being paid, those that have
        waited longest. However many holds of one may not end yet, it hides no other.
        """
        ...

    async def claim_expired_holds(self, event_ids: Collection[int], limit: int) -> list[Booking]:
        """Lock up to ``limit`` bookings of these events whose hold ran out, skipping locked ones:
        of each event its share, those first that ran out first.

        Whether a payment began meanwhile must be asked again: see :meth:`being_paid`.
        """
        ...

    async def being_paid(self, booking_ids: Collection[UUID]) -> Collection[UUID]:
        """Those of these bookings for which money may be moving."""
        ...

    async def due_commands(self, limit: int) -> list[Booking]:
        """Lock up to ``limit`` bookings whose owed command is due, skipping locked ones."""
        ...

    async def postpone_commands(self, booking_ids: Collection[UUID]) -> None:
        """Count one more sending of each owed command and set the next, backing off."""
        ...

    async def retract_sendings(self, booking_ids: Collection[UUID]) -> None:
        """The latest sending of each was refused: it does not count, and is due again shortly."""
        ...

    async def hurry_unsent(self, before: datetime, limit: int) -> int:
        """Make due at once up to ``limit`` commands that were owed ``before`` then and have never
        been sent from the table, skipping locked ones; tell how many they were.
        """
        ...

    async def epochs(self, event_ids: Collection[int]) -> Mapping[int, int]:
        """The present epoch of each event, taking no lock."""
        ...

    async def request_load(self, event_ids: Collection[int]) -> None:
        """The seat store must be loaded anew from the ledger for these events."""
        ...

    async def owes_load(self, event_id: int) -> bool:
        """Whether a load of the event is still due."""
        ...

    async def snapshot_seats(self, event_id: int) -> list[SubsectionSnapshot]:
        """Every subsection as tickets and live bookings have it."""
        ...

    async def raise_epoch(self, event_id: int) -> int:
        """Begin a new generation of the event's seat state and return its number."""
        ...

    async def finish_load(self, event_id: int) -> None:
        """The load is no longer due, a draft is open, and what bookings owe is due at once."""
        ...

    async def hurry_commands(self, event_id: int) -> int:
        """Make due at once what was sent again before and is put off; tell how many they were."""
        ...


class ITicketingUnitOfWork(Protocol):
    """Runs work in a transaction that is rolled back if the work raises."""

    async def run(self, work: Callable[[ITicketingTransaction], Awaitable[Result]]) -> Result:
        """Commit what ``work`` does and return its result.

        A deadlock or a lost connection before the commit runs ``work`` again, a bounded number of
        times: it must do nothing but work on the transaction.

        Raises:
            UnavailableError: the database cannot be reached or does not answer in time.
        """
        ...
