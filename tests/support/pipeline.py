"""Both services on real stores, with the messages between them carried by hand.

A test can thus repeat, lose, reorder or delay any message, and look at what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from onsale.platform.message_queue.message_bus import Message
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import (
    SeatCommand,
    SeatResult,
    SelectionMode,
    decode_command,
)
from onsale.service.shared_kernel.seating import SeatPosition
from onsale.service.ticketing.app.command.admit_ticket_use_case import AdmitTicketUseCase
from onsale.service.ticketing.app.command.apply_seat_results_use_case import ApplySeatResultsUseCase
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
from onsale.service.ticketing.app.command.create_booking_use_case import (
    BookingRequest,
    CreateBookingUseCase,
)
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.command.find_stray_payments_use_case import (
    FindStrayPaymentsUseCase,
)
from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import (
    RebuildEventSeatsUseCase,
)
from onsale.service.ticketing.app.command.refund_payments_use_case import RefundPaymentsUseCase
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.command.repair_event_use_case import RepairEventUseCase
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    ResendOwedCommandsUseCase,
)
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import SetSeatsBlockedUseCase
from onsale.service.ticketing.app.command.settle_payments_use_case import SettlePaymentsUseCase
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import GatewayPayment
from onsale.service.ticketing.app.query.verify_event_use_case import VerifyEventUseCase
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventDetails
from onsale.service.ticketing.domain.value_object.seating_config import (
    Rectangle,
    SeatingConfig,
    Section,
)
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import MockPaymentGateway
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_sales_reader import (
    AsyncpgSalesReader,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driven_adapter.repository.asyncpg_user_repository import (
    AsyncpgUserRepository,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_booking_reader import (
    SqlalchemyBookingReader,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_event_reader import (
    SqlalchemyEventReader,
)


@dataclass(slots=True)
class Postbag:
    """A publisher that keeps what it is given until somebody carries it."""

    messages: list[Message] = field(default_factory=list)

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        del topic
        self.messages.extend(messages)


def raise_error(error: Exception) -> None:
    """A fault that the system would survive is still a surprise in a test."""
    raise error


@dataclass(slots=True)
class Pipeline:
    """The parts, wired as the composition root wires them, but for the broker."""

    pool: asyncpg.Pool
    store: RedisSeatStore
    redis: Redis
    postbag: Postbag
    publisher: SeatCommandPublisher
    users: AsyncpgUserRepository
    events: SqlalchemyEventReader
    bookings: SqlalchemyBookingReader
    intake: AsyncpgBookingIntake
    unit_of_work: AsyncpgTicketingUnitOfWork
    upkeep: AsyncpgUpkeep
    catalog: EventCatalog
    seat_memory: SeatMemory
    gateway: MockPaymentGateway
    create_event: CreateEventAndTicketsUseCase
    create_booking: CreateBookingUseCase
    apply_results: ApplySeatResultsUseCase
    load: LoadEventSeatsUseCase
    cancel_event: CancelEventUseCase
    end_cancelled_events: EndCancelledEventsUseCase
    set_seats_blocked: SetSeatsBlockedUseCase
    sales: AsyncpgSalesReader
    cancel: UpdateBookingStatusToCancelledUseCase
    pay: MockPaymentAndUpdateStatusToCompletedUseCase
    admit: AdmitTicketUseCase
    payment_ledger: PaymentLedger
    expire: ReleaseExpiredHoldsUseCase
    resend: ResendOwedCommandsUseCase
    settle_payments: SettlePaymentsUseCase
    refund_payments: RefundPaymentsUseCase
    find_stray_payments: FindStrayPaymentsUseCase
    verify: VerifyEventUseCase
    rebuild: RebuildEventSeatsUseCase
    repair: RepairEventUseCase
    told_payments: list[GatewayPayment]

    async def user(self, role: UserRole) -> Principal:
        """A new account of this role."""
        user = await self.users.add(
            email=f"{uuid7()}@example.org", name="Somebody", role=role, hashed_password="-"
        )
        return Principal(user.id, role, token_id="-")

    async def open_event(
        self,
        *,
        rows: int = 5,
        seats_per_row: int = 10,
        subsections: int = 1,
        hold_seconds: int = 600,
        max_tickets_per_buyer: int | None = None,
        rectangle: Rectangle | None = None,
        leave_no_single_seats: bool = False,
    ) -> Event:
        """An event of section A, at 1,000 cents a seat, loaded and on sale; ``rectangle`` is its
        only subsection, if given.
        """
        seller = await self.user(UserRole.SELLER)
        section = (
            Section.regular("A", 1_000, subsections, rows, seats_per_row)
            if rectangle is None
            else Section("A", 1_000, (rectangle,))
        )
        details = EventDetails(
            "Concert",
            "",
            "Hall",
            SeatingConfig.of([section]),
            hold_seconds=hold_seconds,
            max_tickets_per_buyer=max_tickets_per_buyer,
            leave_no_single_seats=leave_no_single_seats,
        )
        event = await self.create_event.execute(seller, details)
        assert await self.load.execute(event.id)
        return await self.catalog.get(event.id)

    async def book(
        self,
        buyer: Principal,
        event: Event,
        *seats: str,
        quantity: int = 1,
        subsection: int = 1,
        key: str | None = None,
        price_category: str | None = None,
        accessible_seats: int = 0,
    ) -> Booking:
        """Book these seats, or the best available ones where none is named."""
        request = BookingRequest(
            event.id,
            "A",
            subsection,
            SelectionMode.MANUAL if seats else SelectionMode.BEST_AVAILABLE,
            tuple(SeatPosition.parse(seat) for seat in seats),
            len(seats) or quantity,
            price_category,
            accessible_seats,
        )
        return (await self.create_booking.execute(buyer, request, key)).booking

    async def commands(self) -> list[SeatCommand]:
        """What was sent towards the seat store since the last time."""
        while self.publisher.waiting_count:
            await self.publisher.flush()
        taken, self.postbag.messages = self.postbag.messages, []
        return [decode_command(message.value) for message in taken]

    async def decide(self, commands: Sequence[SeatCommand]) -> list[SeatResult]:
        """Let the seat store decide."""
        return await self.store.apply(commands, now=datetime.now(UTC))

    async def settle(self) -> None:
        """Carry messages to and fro until none is left."""
        while commands := await self.commands():
            await self.apply_results.execute(await self.decide(commands))

    async def booking(self, booking_id: UUID) -> Booking:
        """The booking as the ledger has it now."""
        return (await self.bookings.by_ids([booking_id]))[booking_id]

    async def hold(
        self,
        buyer: Principal,
        event: Event,
        *seats: str,
        quantity: int = 1,
        subsection: int = 1,
    ) -> Booking:
        """A booking that waits for its payment."""
        booking = await self.book(buyer, event, *seats, quantity=quantity, subsection=subsection)
        await self.settle()
        return await self.booking(booking.id)

    async def differences(self, event_id: int) -> list[str]:
        """What verification finds."""
        verdict = await self.verify.execute(event_id, quiet_seconds_max=0)
        return list(verdict.differences)
