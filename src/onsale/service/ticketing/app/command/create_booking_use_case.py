"""Take a booking in: the row in PostgreSQL is the promise, the seat command follows it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.app.interface.i_booking_repository import (
    IBookingIntake,
    IdempotencyKey,
)
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    InvalidInputError,
    SeatConflictError,
    SeatOutOfRangeError,
    SoldOutError,
)

# The sale opens by the database's clock. This process refuses only what is early by more than the
# two clocks can differ; in the last moments the INSERT decides.
CLOCK_SKEW_MAX = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a buyer asks for; ``positions`` are distinct, and empty for best available."""

    event_id: int
    section: str
    subsection: int
    mode: SelectionMode
    positions: tuple[SeatPosition, ...]
    quantity: int

    def digest(self) -> bytes:
        """Equal for requests that ask for the same thing, in whatever order the seats stand."""
        seats = ",".join(map(str, sorted(self.positions)))
        text = (
            f"{self.event_id}|{self.section}|{self.subsection}|{self.mode}|{self.quantity}|{seats}"
        )
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
    ) -> Booking:
        """Store a ``processing`` booking and send its reserve.

        Raises:
            ForbiddenRoleError: only buyers book.
            IdempotencyKeyReusedError, EventNotFoundError, SubsectionNotFoundError,
            InvalidInputError, SeatOutOfRangeError, EventNotOnSaleError, SoldOutError,
            SeatConflictError, TicketLimitReachedError, UnavailableError: nothing was stored.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        key = None
        if idempotency_key is not None:
            key = IdempotencyKey(idempotency_key, request.digest())
            # Before any refusal: a repeat must get its booking also when the hall is full by now.
            if (earlier := await self.intake.find(principal.user_id, key)) is not None:
                return earlier
        event = await self.catalog.get(request.event_id)
        layout = self._check(event, request)
        self._refuse_what_cannot_succeed(request, layout)
        intake = await self.intake.add(
            self._new_booking(principal, request, event, layout),
            key,
            is_limited=event.details.max_tickets_per_buyer is not None,
        )
        if intake.is_new:
            self.commands.post([intake.booking], {event.id: event.epoch})
        return intake.booking

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
        self, request: BookingRequest, layout: SubsectionLayout
    ) -> None:
        available = self.seat_memory.available(request.event_id, layout)
        if available is not None and available < request.quantity:
            raise SoldOutError(available=available)
        taken = self.seat_memory.taken(request.event_id, layout, request.positions)
        if taken:
            raise SeatConflictError(taken)

    def _new_booking(
        self,
        principal: Principal,
        request: BookingRequest,
        event: Event,
        layout: SubsectionLayout,
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
            total_price=layout.price * request.quantity,
            currency=event.details.currency,
            status=BookingStatus.PROCESSING,
            created_at=self.now(),
        )
