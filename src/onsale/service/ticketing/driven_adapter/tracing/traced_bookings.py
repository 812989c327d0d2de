"""Traces of what the ticketing service does for a booking, port by port.

Each of these stands before an adapter, in processes that trace; in others there is none of them.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opentelemetry.trace import SpanKind

from onsale.platform.observability.traces import (
    Step,
    Traces,
    around_here,
    new_span_id,
    span_id_of,
)
from onsale.service.shared_kernel.booking_steps import BOOKED, FIRST_SEQ, owed
from onsale.service.ticketing.app.interface.i_booking_repository import (
    IBookingIntake,
    IdempotencyKey,
    Intake,
)
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    AuthorizeOutcome,
    FinalOutcome,
    GatewayPayment,
    IPaymentGateway,
)
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
    Result,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking

LEDGER = {"db.system.name": "postgresql"}


@dataclass(frozen=True, slots=True)
class TracedBookingIntake:
    """See ``IBookingIntake``; the wait for others that share the statement is a part of it."""

    intake: IBookingIntake
    traces: Traces

    async def add(
        self, booking: Booking, key: IdempotencyKey | None, *, is_limited: bool = False
    ) -> Intake:
        if not self.traces.follows(booking.id):
            return await self.intake.add(booking, key, is_limited=is_limited)
        step = Step(booking.id, new_span_id(), span_id_of(booking.id, BOOKED))
        with self.traces.during("store booking", [step], kind=SpanKind.CLIENT, attributes=LEDGER):
            return await self.intake.add(booking, key, is_limited=is_limited)

    async def find(self, buyer_id: int, key: IdempotencyKey) -> Booking | None:
        return await self.intake.find(buyer_id, key)


@dataclass(frozen=True, slots=True)
class TracedSeatCommands:
    """See ``ISeatCommandPublisher``; of each command that becomes due, who made it so."""

    commands: ISeatCommandPublisher
    traces: Traces

    async def publish(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        steps = [
            Step(each.id, new_span_id(), span_id_of(each.id, owed(each.command_seq)))
            for each in bookings
            if self.traces.follows(each.id)
        ]
        with self.traces.during("send again what is owed", steps):
            await self.commands.publish(bookings, epochs)

    def post(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        for booking in bookings:
            # What the request itself owes hangs below the request.
            if booking.command_seq > FIRST_SEQ and self.traces.follows(booking.id):
                self._record(booking)
        self.commands.post(bookings, epochs)

    def _record(self, booking: Booking) -> None:
        now_ns = time.time_ns()
        above = around_here(booking.id) or span_id_of(booking.id, BOOKED)
        step = Step(booking.id, span_id_of(booking.id, owed(booking.command_seq)), above)
        told = {"onsale.booking.status": booking.status.value}
        if booking.cancel_reason is not None:
            told["onsale.booking.cancel_reason"] = booking.cancel_reason.value
        name = f"owe {booking.command.value}" if booking.command else "owe nothing"
        self.traces.record(step, name, began_ns=now_ns, ended_ns=now_ns, attributes=told)


@dataclass(frozen=True, slots=True)
class TracedUnitOfWork:
    """See ``ITicketingUnitOfWork``; its repetitions are a part of it."""

    unit_of_work: ITicketingUnitOfWork
    traces: Traces

    async def run(self, work: Callable[[ITicketingTransaction], Awaitable[Result]]) -> Result:
        with self.traces.inside("ledger transaction", kind=SpanKind.CLIENT, attributes=LEDGER):
            return await self.unit_of_work.run(work)


@dataclass(frozen=True, slots=True)
class TracedLiveNotices:
    """See ``ILiveNoticePublisher``."""

    notices: ILiveNoticePublisher
    traces: Traces

    async def publish(
        self,
        *,
        bookings: Collection[UUID] = (),
        events: Collection[int] = (),
        altered_events: Collection[int] = (),
    ) -> None:
        with self.traces.inside("wake viewers", kind=SpanKind.PRODUCER):
            await self.notices.publish(
                bookings=bookings, events=events, altered_events=altered_events
            )


@dataclass(frozen=True, slots=True)
class TracedPaymentGateway:
    """See ``IPaymentGateway``. Nothing is told of a card."""

    gateway: IPaymentGateway
    traces: Traces

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        with self.traces.inside("authorize payment", kind=SpanKind.CLIENT):
            return await self.gateway.authorize(
                key, amount=amount, currency=currency, card_number=card_number
            )

    async def capture(self, key: UUID) -> FinalOutcome:
        with self.traces.inside("capture payment", kind=SpanKind.CLIENT):
            return await self.gateway.capture(key)

    async def settle(self, key: UUID) -> FinalOutcome:
        return await self.gateway.settle(key)

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        await self.gateway.refund(key, payment_id=payment_id, amount=amount)

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        return await self.gateway.payments_since(moment, after=after, limit=limit)
