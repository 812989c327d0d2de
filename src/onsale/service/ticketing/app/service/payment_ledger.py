"""Writes down what the gateway said, whoever asked it: the request itself or the reconciler."""

from dataclasses import dataclass, replace
from uuid import UUID

from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Captured,
    Declined,
    FinalOutcome,
)
from onsale.service.ticketing.app.interface.i_payment_transaction import IPaymentTransaction
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.entity.payment_refund import PaymentRefund, RefundReason


@dataclass(frozen=True, slots=True)
class PaymentLedger:
    """Each step is committed by itself: ``authorized``, then captured and the booking ``paid``,
    then ``completed`` (tickets sold). A crash between two of them leaves what the reconciler takes
    up again. Recording the same thing twice, also at the same time, has the effect of once.
    """

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    notices: ILiveNoticePublisher

    async def record_authorized(self, attempt: PaymentAttempt) -> bool:
        """The card is good; ``False`` when the attempt was closed meanwhile, so that nothing more
        may be asked for under its key.
        """
        return await self.unit_of_work.run(
            lambda transaction: transaction.authorize_attempt(attempt.id)
        )

    async def record(self, attempt: PaymentAttempt, outcome: FinalOutcome) -> Booking | None:
        """Close the attempt; the booking with what became of it, or ``None`` when no money was
        taken for it.

        Money that comes when the attempt is closed, has its payment already, or its booking does
        not wait for it any more, is owed back in the same transaction.
        """
        if isinstance(outcome, Captured):
            payment_id = outcome.payment_id
            booking = await self.unit_of_work.run(
                lambda transaction: self._capture(transaction, attempt, payment_id)
            )
            return booking and await self.complete(booking.id, booking.event_id)
        if isinstance(outcome, Declined):
            closed = replace(attempt, status=AttemptStatus.DECLINED, decline_reason=outcome.reason)
        else:
            closed = replace(attempt, status=AttemptStatus.VOIDED)
        await self.unit_of_work.run(lambda transaction: transaction.close_attempt(closed))
        return None

    async def as_it_stands(self, attempt: PaymentAttempt) -> PaymentAttempt:
        """The attempt, whoever has gone on with it meanwhile."""
        return await self.unit_of_work.run(lambda transaction: transaction.attempt(attempt.id))

    async def complete(self, booking_id: UUID, event_id: int) -> Booking:
        """Sell the tickets of a paid booking; one in any other state is returned as it is.

        If the booking does not own all of its tickets it ends ``failed``, its money is owed back
        and the event is loaded anew, all at once.
        """

        async def complete(transaction: ITicketingTransaction) -> tuple[Booking, int, bool]:
            events = await transaction.share_events([event_id])
            booking = (await transaction.lock_bookings([booking_id]))[booking_id]
            is_paid = booking.status is BookingStatus.PAID
            if is_paid:
                sold = await transaction.sell_tickets([booking_id])
                if booking_id in sold and sold[booking_id].count == booking.quantity:
                    booking.complete(transaction.now)
                else:
                    await self._forfeit(transaction, booking)
                await transaction.save_bookings([booking])
            return booking, events[event_id].epoch, is_paid

        booking, epoch, changed = await self.unit_of_work.run(complete)
        if changed:
            self.commands.post([booking], {event_id: epoch})
            await self.notices.publish(bookings=[booking_id], events=[event_id])
        return booking

    @staticmethod
    async def _capture(
        transaction: ITicketingTransaction, attempt: PaymentAttempt, payment_id: str
    ) -> Booking | None:
        booking = (await transaction.lock_bookings([attempt.booking_id]))[attempt.booking_id]
        reason = RefundReason.NOT_PAYABLE
        captured = replace(attempt, status=AttemptStatus.CAPTURED, payment_id=payment_id)
        if not await transaction.close_attempt(captured):
            stands = await transaction.attempt(attempt.id)
            if stands.payment_id == payment_id:
                return booking
            is_captured = stands.status is AttemptStatus.CAPTURED
            reason = RefundReason.DOUBLED if is_captured else RefundReason.LATE
        elif booking.status is BookingStatus.PENDING_PAYMENT:
            booking.pay(payment_id, transaction.now)
            await transaction.save_bookings([booking])
            return booking
        await transaction.owe_refund(
            PaymentRefund.of(
                payment_id,
                attempt.amount,
                reason,
                attempt_id=attempt.id,
                booking_id=attempt.booking_id,
            )
        )
        return None if reason is RefundReason.LATE else booking

    @staticmethod
    async def _forfeit(transaction: ITicketingTransaction, booking: Booking) -> None:
        booking.forfeit(RefundReason.TICKETS_MISSING.value)
        await transaction.forfeit_tickets(booking)
        await hand_back(transaction, booking, RefundReason.TICKETS_MISSING)
        await transaction.request_load([booking.event_id])


async def hand_back(
    transaction: IPaymentTransaction, booking: Booking, reason: RefundReason
) -> None:
    """Owe back what was paid for a booking that the transaction has locked: the one way to return
    a booking's money. Whoever calls it ends the booking in the same transaction, for no booking
    may keep its tickets once its money goes back.
    """
    if booking.payment_id is None:
        raise ValueError("a booking that was not paid has nothing to hand back")
    await transaction.owe_refund(
        PaymentRefund.of(booking.payment_id, booking.total_price, reason, booking_id=booking.id)
    )
