"""Finish payments whose process died on the way."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_open_payments import IOpenPayments
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger

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
        """Settle one batch of orphaned attempts and paid bookings; tell how many were settled."""
        settled = 0
        for attempt in await self.payments.orphaned_attempts(ORPHAN_SECONDS, BATCH_COUNT_MAX):
            try:
                outcome = await self.gateway.settle(attempt.id)
            except GatewayTimeoutError:
                continue  # still unknown, so it stays open; the next round asks again
            await self.ledger.record(attempt, outcome)
            settled += 1
        for booking in await self.payments.paid_bookings(ORPHAN_SECONDS, BATCH_COUNT_MAX):
            await self.ledger.complete(booking.id, booking.event_id)
            settled += 1
        return settled
