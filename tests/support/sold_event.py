"""A small sale by the use cases alone, whatever stands behind their ports."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seating import PriceCategory, SeatPosition
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
from onsale.service.ticketing.app.command.create_booking_use_case import (
    BookingRequest,
    CreateBookingUseCase,
)
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import (
    SetSeatsBlockedUseCase,
)
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.interface.i_sales import ISalesReader
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventDetails
from onsale.service.ticketing.domain.value_object.seating_config import (
    Rectangle,
    SeatingConfig,
    Section,
)
from tests.support.money import CARD

# 1,000 cents a seat, and 2,500 in the first row.
FIRST_ROW = Rectangle(1, 2, 5, (PriceCategory("front", 2_500, 1, 1),))
HALL = (Section("A", 1_000, (FIRST_ROW, Rectangle(2, 2, 5))), Section("B", 700, (FIRST_ROW,)))


@dataclass(frozen=True, slots=True)
class Shop:
    """``open_sale`` loads an event's seats, ``grant`` gives a booking those that it named."""

    sales: ISalesReader
    bookings: IBookingQueryRepository
    create_event: CreateEventAndTicketsUseCase
    create_booking: CreateBookingUseCase
    pay: MockPaymentAndUpdateStatusToCompletedUseCase
    cancel: UpdateBookingStatusToCancelledUseCase
    set_seats_blocked: SetSeatsBlockedUseCase
    cancel_event: CancelEventUseCase
    join: Callable[[UserRole], Awaitable[Principal]]
    open_sale: Callable[[Event], Awaitable[None]]
    grant: Callable[[Event, Booking], Awaitable[None]]

    async def event(self) -> Event:
        """An event of ``HALL``, on sale."""
        details = EventDetails("Concert", "", "Hall", SeatingConfig.of(HALL))
        event = await self.create_event.execute(await self.join(UserRole.SELLER), details)
        await self.open_sale(event)
        return event

    async def booked(
        self, event: Event, *seats: str, place: tuple[str, int] = ("A", 1)
    ) -> tuple[Principal, Booking]:
        """A buyer of these seats and the booking, which has yet to get them."""
        buyer = await self.join(UserRole.BUYER)
        positions = tuple(map(SeatPosition.parse, seats))
        request = BookingRequest(event.id, *place, SelectionMode.MANUAL, positions, len(seats))
        return buyer, (await self.create_booking.execute(buyer, request)).booking

    async def held(self, event: Event, *seats: str, place: tuple[str, int] = ("A", 1)) -> Booking:
        """A booking of these seats that waits for its payment."""
        _, booking = await self.booked(event, *seats, place=place)
        await self.grant(event, booking)
        return await self._now(booking)

    async def sold(self, event: Event, *seats: str, place: tuple[str, int] = ("A", 1)) -> Booking:
        """A booking of these seats that is paid and completed."""
        buyer, booking = await self.booked(event, *seats, place=place)
        await self.grant(event, booking)
        await self.pay.execute(buyer, booking.id, CARD)
        return await self._now(booking)

    async def given_back(self, event: Event, *seats: str) -> Booking:
        """A booking that had these seats until its buyer cancelled it."""
        buyer, booking = await self.booked(event, *seats)
        await self.grant(event, booking)
        await self.cancel.execute(buyer, booking.id)
        return await self._now(booking)

    async def block(self, event: Event, *seats: str) -> None:
        """Take these seats out of the sale."""
        positions = [SeatPosition.parse(seat) for seat in seats]
        seller = _seller_of(event)
        await self.set_seats_blocked.execute(seller, event.id, "A", 1, positions, blocked=True)

    async def call_off(self, event: Event) -> None:
        """Cancel the event; nobody has ended its bookings yet."""
        await self.cancel_event.execute(_seller_of(event), event.id)

    async def _now(self, booking: Booking) -> Booking:
        return (await self.bookings.by_ids([booking.id]))[booking.id]


def _seller_of(event: Event) -> Principal:
    return Principal(event.seller_id, UserRole.SELLER, token_id="-")
