"""Finish payments whose process died on the way."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_open_payments import IOpenPayments
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import PaymentAttempt

BATCH_COUNT_MAX = 100
# Longer than a charge may take, so that a payment under way is not taken for an orphan.
ORPHAN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SettlePaymentsUseCase:
    """Asks the gateway by the attempt's key; only a definite answer closes an attempt."""

    payments: IOpenPayments
    gateway: IPaymentGateway
    ledger: PaymentLedger

    async def execute(self) -> int:
        """Settle one batch of orphaned attempts and paid bookings; tell how many were settled.

        Raises:
            ExceptionGroup: some could not be settled; all the others were.
        """
        attempts = await self.payments.orphaned_attempts(ORPHAN_SECONDS, BATCH_COUNT_MAX)
        bookings = await self.payments.paid_bookings(ORPHAN_SECONDS, BATCH_COUNT_MAX)
        settling = [self._settle(attempt) for attempt in attempts]
        settling += [self._complete(booking) for booking in bookings]
        settled, failures = 0, []
        for settle in settling:
            try:
                settled += await settle
            except Exception as error:  # noqa: BLE001 - raised below, once the others had their turn
                failures.append(error)
        if failures:
            raise ExceptionGroup("some payments could not be settled", failures)
        return settled

    async def _settle(self, attempt: PaymentAttempt) -> bool:
        try:
            outcome = await self.gateway.settle(attempt.id)
        except GatewayTimeoutError:
            return False  # still unknown, so it stays open; the next round asks again
        await self.ledger.record(attempt, outcome)
        return True

    async def _complete(self, booking: Booking) -> bool:
        await self.ledger.complete(booking.id, booking.event_id)
        return True
