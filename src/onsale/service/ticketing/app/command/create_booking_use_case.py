"""Take a booking in: the row in PostgreSQL is the promise, the seat command follows it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seating import (
    PriceCategory,
    SeatPosition,
    SeatState,
    SubsectionLayout,
)
from onsale.service.shared_kernel.single_seats import needless_singles
from onsale.service.ticketing.app.interface.i_booking_repository import (
    IBookingIntake,
    IdempotencyKey,
    Intake,
)
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.domain.alternative_seats import alternative_seats
from onsale.service.ticketing.domain.booking_rules import expected_price, seat_rules_for
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    InvalidInputError,
    OrphanSeatError,
    SeatConflictError,
    SeatOutOfRangeError,
    SoldOutError,
)
from onsale.service.ticketing.domain.seats_on_offer import seats_on_offer

# The sale opens by the database's clock. This process refuses only what is early by more than the
# two clocks can differ; in the last moments the INSERT decides.
CLOCK_SKEW_MAX = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a buyer asks for; ``positions`` are distinct, and empty for best available. Only that
    may name a price category, or want a number of accessible seats among the ``quantity``.
    """

    event_id: int
    section: str
    subsection: int
    mode: SelectionMode
    positions: tuple[SeatPosition, ...]
    quantity: int
    price_category: str | None = None
    accessible_seats: int = 0

    def digest(self) -> bytes:
        """Equal for requests that ask for the same thing, in whatever order the seats stand."""
        seats = ",".join(map(str, sorted(self.positions)))
        text = (
            f"{self.event_id}|{self.section}|{self.subsection}|{self.mode}|{self.quantity}|{seats}"
        )
        if self.price_category is not None or self.accessible_seats:
            text += f"|{self.accessible_seats}|{self.price_category or ''}"
        return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class CreateBookingUseCase:
    """Everything that can be judged without the seat store is judged before anything is queued."""

    catalog: EventCatalog
    seat_memory: SeatMemory
    intake: IBookingIntake
    commands: ISeatCommandPublisher
    new_id: Callable[[], UUID]
    now: Callable[[], datetime]

    async def execute(
        self, principal: Principal, request: BookingRequest, idempotency_key: str | None = None
    ) -> Intake:
        """Store a ``processing`` booking and send its reserve; a repeat gets what the first stored.

        Raises:
            ForbiddenRoleError: only buyers book.
            IdempotencyKeyReusedError, EventNotFoundError, SubsectionNotFoundError,
            InvalidInputError, SeatOutOfRangeError, EventNotOnSaleError, SoldOutError,
            SeatConflictError, OrphanSeatError, TicketLimitReachedError,
            UnavailableError: nothing was stored.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        key = None
        if idempotency_key is not None:
            key = IdempotencyKey(idempotency_key, request.digest())
            # Before any refusal: a repeat must get its booking also when the hall is full by now.
            if (earlier := await self.intake.find(principal.user_id, key)) is not None:
                return Intake(earlier, is_new=False)
        event = await self.catalog.get(request.event_id)
        layout = self._check(event, request)
        category = _category(request, layout)
        self._refuse_what_cannot_succeed(request, event, layout, category)
        booking = self._new_booking(principal, request, event, layout, category)
        is_limited = event.details.max_tickets_per_buyer is not None
        intake = await self.intake.add(booking, key, is_limited=is_limited)
        if intake.is_new:
            self.commands.post([intake.booking], {event.id: event.epoch})
        return intake

    def _check(self, event: Event, request: BookingRequest) -> SubsectionLayout:
        layout = event.details.seating_config.find(request.section, request.subsection)
        limit = event.details.max_tickets_per_booking
        if request.quantity > limit:
            raise InvalidInputError("quantity", f"a booking of this event takes 1 to {limit} seats")
        outside = [str(seat) for seat in request.positions if not layout.contains(seat)]
        if outside:
            raise SeatOutOfRangeError(outside, layout.rows, layout.seats_per_row)
        event.require_on_sale(self.now() + CLOCK_SKEW_MAX)
        return layout

    def _refuse_what_cannot_succeed(
        self,
        request: BookingRequest,
        event: Event,
        layout: SubsectionLayout,
        category: PriceCategory | None,
    ) -> None:
        available = self._available(request, layout, category)
        if available is not None and available < request.quantity:
            raise SoldOutError(available=available)
        if request.positions:
            states = self.seat_memory.states(request.event_id, layout)
            if states is not None:
                _refuse_seats(request.positions, event, layout, states)

    def _available(
        self, request: BookingRequest, layout: SubsectionLayout, category: PriceCategory | None
    ) -> int | None:
        """Free seats of those that the request may get; seats that are named may be any."""
        is_choosy = category or request.accessible_seats or layout.accessible or layout.companion
        if request.positions or not is_choosy:
            return self.seat_memory.available(request.event_id, layout)
        states = self.seat_memory.states(request.event_id, layout)
        if states is None:
            return None
        return seats_on_offer(layout, states, category, request.accessible_seats)

    def _new_booking(
        self,
        principal: Principal,
        request: BookingRequest,
        event: Event,
        layout: SubsectionLayout,
        category: PriceCategory | None,
    ) -> Booking:
        return Booking(
            id=self.new_id(),
            buyer_id=principal.user_id,
            event_id=event.id,
            section=request.section,
            subsection=request.subsection,
            seat_selection_mode=request.mode,
            quantity=request.quantity,
            seat_positions=tuple(map(str, sorted(request.positions))),
            total_price=expected_price(layout, request.positions, category, request.quantity),
            currency=event.details.currency,
            status=BookingStatus.PROCESSING,
            created_at=self.now(),
            seat_rules=seat_rules_for(
                layout,
                request.mode,
                category,
                request.accessible_seats,
                leave_no_single_seats=event.details.leave_no_single_seats,
            ),
        )


def _category(request: BookingRequest, layout: SubsectionLayout) -> PriceCategory | None:
    if request.price_category is None:
        return None
    for category in layout.categories:
        if category.name == request.price_category:
            return category
    raise InvalidInputError("price_category", "the subsection has no such price category")


def _refuse_seats(
    positions: Sequence[SeatPosition], event: Event, layout: SubsectionLayout, states: bytes
) -> None:
    """Refuse seats that are taken, or that leave another one alone where the event forbids it."""
    asked = tuple(sorted(map(layout.index_of, positions)))
    taken = [index for index in asked if states[index] != SeatState.AVAILABLE]
    if taken:
        seats = [str(layout.position_at(index)) for index in taken]
        raise SeatConflictError(seats, alternative_seats(layout, states, asked))
    if event.details.leave_no_single_seats:
        singles = needless_singles(states, layout.seats_per_row, asked, layout.set_aside)
        if singles:
            raise OrphanSeatError(
                [str(layout.position_at(index)) for index in singles],
                alternative_seats(layout, states, asked),
            )
