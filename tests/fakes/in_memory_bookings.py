"""Bookings in memory: intake, queries, and transactions in which nothing else happens."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import UUID

from onsale.service.shared_kernel.seating import SeatPosition, SeatState, SubsectionLayout
from onsale.service.ticketing.app.interface.i_booking_repository import (
    BookedTicket,
    BookingFilter,
    BookingView,
    IdempotencyKey,
    Intake,
)
from onsale.service.ticketing.app.interface.i_payment_transaction import KeyedAttempt, PaymentKey
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    Admission,
    EventTerms,
    ITicketingTransaction,
    MovedTickets,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus, TicketStatus
from onsale.service.ticketing.domain.exceptions import (
    IdempotencyKeyReusedError,
    TicketLimitReachedError,
)
from tests.fakes.in_memory_events import InMemoryEvents

Result = TypeVar("Result")


class InMemoryBookings:
    def __init__(self, events: InMemoryEvents) -> None:
        self.bookings: dict[UUID, Booking] = {}
        self.keys: dict[tuple[int, str], tuple[bytes, UUID]] = {}
        self.failure: Exception | None = None
        self.admitted: dict[tuple[int, UUID], datetime] = {}
        self._events = events

    async def add(
        self, booking: Booking, key: IdempotencyKey | None, *, is_limited: bool = False
    ) -> Intake:
        if self.failure is not None:
            raise self.failure
        if is_limited:
            self._require_allowance(booking)
        self.bookings[booking.id] = copy(booking)
        if key is not None:
            self.keys[booking.buyer_id, key.key] = (key.request_digest, booking.id)
        return Intake(booking, is_new=True)

    def _require_allowance(self, booking: Booking) -> None:
        limit = self._events.events[booking.event_id].details.max_tickets_per_buyer or 0
        whose = (booking.buyer_id, booking.event_id)
        taken = sum(
            one.quantity
            for one in self.bookings.values()
            if (one.buyer_id, one.event_id) == whose and one.status.is_live
        )
        if taken + booking.quantity > limit:
            raise TicketLimitReachedError(limit, taken)

    async def find(self, buyer_id: int, key: IdempotencyKey) -> Booking | None:
        digest, booking_id = self.keys.get((buyer_id, key.key), (key.request_digest, None))
        if digest != key.request_digest:
            raise IdempotencyKeyReusedError
        return None if booking_id is None else copy(self.bookings[booking_id])

    async def by_ids(self, booking_ids: Collection[UUID]) -> Mapping[UUID, Booking]:
        return {one: copy(self.bookings[one]) for one in booking_ids if one in self.bookings}

    async def with_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, BookingView]:
        return {
            one: BookingView(booking, self._tickets(booking) if booking.status.holds_seats else [])
            for one, booking in (await self.by_ids(booking_ids)).items()
        }

    async def page(
        self, which: BookingFilter, *, limit: int, before: UUID | None
    ) -> Sequence[Booking]:
        found = [
            copy(booking)
            for booking in sorted(self.bookings.values(), key=lambda one: one.id, reverse=True)
            if which.buyer_id in (None, booking.buyer_id)
            and which.seller_id in (None, self._events.events[booking.event_id].seller_id)
            and which.event_id in (None, booking.event_id)
            and which.status in (None, booking.status)
            and (before is None or booking.id < before)
        ]
        return found[:limit]

    def hold(self, booking_id: UUID, positions: tuple[str, ...], expires_at: datetime) -> None:
        """What the worker does when the seats were found."""
        booking = self.bookings[booking_id]
        booking.hold(positions, booking.total_price, expires_at)

    def is_cancelled(self, event_id: int) -> bool:
        return self._events.events[event_id].status is EventStatus.CANCELLED

    def restate_seats(
        self,
        event_id: int,
        layout: SubsectionLayout,
        positions: Sequence[SeatPosition],
        before: TicketStatus,
        after: TicketStatus,
    ) -> Collection[SeatPosition]:
        """All of them or none: there is nothing here that could be rolled back."""
        states = self._events.seats[event_id, layout.section, layout.subsection]
        was = SeatState[before.name]
        moved = {seat for seat in positions if states[layout.index_of(seat)] == was}
        if len(moved) == len(positions):
            for seat in moved:
                states[layout.index_of(seat)] = SeatState[after.name]
        return moved

    @staticmethod
    def _tickets(booking: Booking) -> list[BookedTicket]:
        is_sold = booking.status is BookingStatus.COMPLETED
        return [
            BookedTicket(
                id=1_000 + number,
                section=booking.section,
                subsection=booking.subsection,
                row=seat.row,
                seat=seat.seat,
                price=booking.total_price // booking.quantity,
                status=TicketStatus.SOLD if is_sold else TicketStatus.RESERVED,
            )
            for number, seat in enumerate(map(SeatPosition.parse, booking.seat_positions))
        ]


@dataclass
class StoredAttempt:
    attempt: PaymentAttempt
    key: PaymentKey | None


class InMemoryTransaction:
    """As much of the port as paying and cancelling use."""

    def __init__(self, bookings: InMemoryBookings, attempts: dict[UUID, StoredAttempt]) -> None:
        self._bookings = bookings
        self._attempts = attempts

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def share_events(
        self, event_ids: Collection[int], *, skip_owned: bool = False
    ) -> Mapping[int, EventTerms]:
        return {one: EventTerms(one, seller_id=1, epoch=1, hold_seconds=600) for one in event_ids}

    async def is_cancelled(self, event_id: int) -> bool:
        return self._bookings.is_cancelled(event_id)

    async def own_event(self, event_id: int, *, briefly: bool = False) -> EventTerms | None:
        terms = await self.share_events([event_id])
        return replace(terms[event_id], is_cancelled=await self.is_cancelled(event_id))

    async def restate_seats(
        self,
        event_id: int,
        layout: SubsectionLayout,
        positions: Sequence[SeatPosition],
        *,
        before: TicketStatus,
        after: TicketStatus,
    ) -> Collection[SeatPosition]:
        return self._bookings.restate_seats(event_id, layout, positions, before, after)

    async def raise_epoch(self, event_id: int) -> int:
        return event_id + 1

    async def request_load(self, event_ids: Collection[int]) -> None:
        """These events are always loaded."""

    async def lock_bookings(self, booking_ids: Collection[UUID]) -> Mapping[UUID, Booking]:
        return await self._bookings.by_ids(booking_ids)

    async def save_bookings(self, bookings: Sequence[Booking]) -> None:
        self._bookings.bookings.update((booking.id, copy(booking)) for booking in bookings)

    async def free_tickets(self, booking_ids: Collection[UUID]) -> None:
        """Tickets follow from the state of their booking."""

    async def sell_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, MovedTickets]:
        return {
            one: MovedTickets(
                self._bookings.bookings[one].quantity, self._bookings.bookings[one].total_price
            )
            for one in booking_ids
        }

    async def admit_ticket(self, ticket_id: int, booking_id: UUID) -> Admission | None:
        view = (await self._bookings.with_tickets([booking_id]))[booking_id]
        for ticket in view.tickets:
            if (ticket.id, ticket.status) == (ticket_id, TicketStatus.SOLD):
                is_new = (ticket_id, booking_id) not in self._bookings.admitted
                at = self._bookings.admitted.setdefault((ticket_id, booking_id), self.now)
                where = (ticket.section, ticket.subsection, ticket.row, ticket.seat)
                return Admission(ticket_id, *where, at, is_new)
        return None

    async def has_open_attempt(self, booking_id: UUID) -> bool:
        return any(
            one.attempt.booking_id == booking_id and not one.attempt.status.is_final
            for one in self._attempts.values()
        )

    async def keyed_attempt(self, key: PaymentKey) -> KeyedAttempt | None:
        for one in self._attempts.values():
            if one.key is not None and (one.key.buyer_id, one.key.key) == (key.buyer_id, key.key):
                return KeyedAttempt(one.attempt, one.key.request_digest)
        return None

    async def open_attempt(self, attempt: PaymentAttempt, key: PaymentKey | None = None) -> bool:
        self._attempts[attempt.id] = StoredAttempt(attempt, key)
        return True

    async def authorize_attempt(self, attempt_id: UUID) -> bool:
        stored = self._attempts[attempt_id]
        stored.attempt = replace(stored.attempt, status=AttemptStatus.AUTHORIZED)
        return True

    async def close_attempt(self, attempt: PaymentAttempt) -> bool:
        stored = self._attempts[attempt.id]
        if stored.attempt.status.is_final:
            return False
        stored.attempt = attempt
        if attempt.status is AttemptStatus.VOIDED:
            stored.key = None
        return True

    async def attempt(self, attempt_id: UUID) -> PaymentAttempt:
        return self._attempts[attempt_id].attempt


class InMemoryUnitOfWork:
    def __init__(self, bookings: InMemoryBookings) -> None:
        self._bookings = bookings
        self._attempts: dict[UUID, StoredAttempt] = {}

    async def run(self, work: Callable[[ITicketingTransaction], Awaitable[Result]]) -> Result:
        transaction = InMemoryTransaction(self._bookings, self._attempts)
        return await work(cast("ITicketingTransaction", transaction))
