"""The ports to bookings outside the life cycle: taking them in, and reading them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A buyer's name for a request, and the digest of what was asked under it."""

    key: str
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """A stored booking; ``is_new`` is false when its idempotency key had stored it before."""

    booking: Booking
    is_new: bool


@dataclass(frozen=True, slots=True)
class BookedTicket:
    """A ticket of a booking; ``price`` in cents, ``code`` for those alone who may show it."""

    id: int
    section: str
    subsection: int
    row: int
    seat: int
    price: int
    status: TicketStatus
    code: str | None = None


@dataclass(frozen=True, slots=True)
class BookingView:
    """A booking and the tickets that it holds, in seat order."""

    booking: Booking
    tickets: Sequence[BookedTicket]


@dataclass(frozen=True, slots=True)
class BookingFilter:
    """Whose bookings to list: exactly one of ``buyer_id`` and ``seller_id`` is given."""

    buyer_id: int | None = None
    seller_id: int | None = None
    event_id: int | None = None
    status: BookingStatus | None = None


class IBookingIntake(Protocol):
    """Takes bookings in."""

    async def add(
        self, booking: Booking, key: IdempotencyKey | None, *, is_limited: bool = False
    ) -> Intake:
        """Store a ``processing`` booking durably; requests under way share statements. When it was
        created is said by the database. ``is_limited`` tells that the event is known to limit its
        buyers, which only spares the question: whether it does is said by the database too.

        Raises:
            EventNotOnSaleError: by the database's state and clock the event takes no bookings.
            TicketLimitReachedError: the buyer would have more tickets than the event allows.
            IdempotencyKeyReusedError: the buyer used the key for another request.
            UnavailableError: too many are waiting, or the database does not answer in time.
        """
        ...

    async def find(self, buyer_id: int, key: IdempotencyKey) -> Booking | None:
        """What the buyer's key stored before.

        Raises:
            IdempotencyKeyReusedError: the buyer used the key for another request.
        """
        ...


class IBookingQueryRepository(Protocol):
    """Reads bookings."""

    async def by_ids(self, booking_ids: Collection[UUID]) -> Mapping[UUID, Booking]:
        """Bookings as they stand; unknown ids are left out."""
        ...

    async def with_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, BookingView]:
        """The same with their tickets, both as they stood at one moment."""
        ...

    async def page(
        self, which: BookingFilter, *, limit: int, before: UUID | None
    ) -> Sequence[Booking]:
        """Up to ``limit`` bookings, newest first, those with an id below ``before``."""
        ...
