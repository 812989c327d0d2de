"""Writes down what the gateway said, whoever asked it: the request itself or the reconciler."""

from dataclasses import dataclass, replace
from uuid import UUID

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_payment_gateway import Captured, ChargeOutcome
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.exceptions import TicketCountMismatchError


@dataclass(frozen=True, slots=True)
class PaymentLedger:
    """``paid`` (money taken) and ``completed`` (tickets sold) are two steps; a crash between them
    leaves a ``paid`` booking, which :meth:`complete` takes up again.
    """

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher

    async def record(self, attempt: PaymentAttempt, outcome: ChargeOutcome) -> Booking | None:
        """Close the attempt; the completed booking, or ``None`` when no money was taken.

        Recording the same outcome twice, also at the same time, has the effect of once.
        """
        if not isinstance(outcome, Captured):
            declined = replace(attempt, status=AttemptStatus.DECLINED)
            await self.unit_of_work.run(lambda transaction: transaction.close_attempt(declined))
            return None
        captured = replace(attempt, status=AttemptStatus.CAPTURED, payment_id=outcome.payment_id)

        async def pay(transaction: ITicketingTransaction) -> Booking:
            booking = (await transaction.lock_bookings([attempt.booking_id]))[attempt.booking_id]
            if await transaction.close_attempt(captured):
                booking.pay(outcome.payment_id, transaction.now)
                await transaction.save_bookings([booking])
            return booking

        booking = await self.unit_of_work.run(pay)
        return await self.complete(booking.id, booking.event_id)

    async def complete(self, booking_id: UUID, event_id: int) -> Booking:
        """Sell the tickets of a paid booking; one that is completed already is returned as it is.

        Raises:
            TicketCountMismatchError: it does not own its tickets; nothing is changed.
        """

        async def complete(transaction: ITicketingTransaction) -> tuple[Booking, int, bool]:
            events = await transaction.share_events([event_id])
            booking = (await transaction.lock_bookings([booking_id]))[booking_id]
            epoch = events[event_id].epoch
            if booking.status is not BookingStatus.PAID:
                return booking, epoch, False
            sold = await transaction.sell_tickets([booking_id])
            if booking_id not in sold or sold[booking_id].count != booking.quantity:
                raise TicketCountMismatchError([booking_id])
            booking.complete(transaction.now)
            await transaction.save_bookings([booking])
            return booking, epoch, True

        booking, epoch, changed = await self.unit_of_work.run(complete)
        if changed:
            self.commands.post([booking], {event_id: epoch})
            await self.notices.publish(bookings=[booking_id], events=[event_id])
        return booking
