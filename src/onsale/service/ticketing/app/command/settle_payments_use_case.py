"""Finish payments whose process died on the way."""

from dataclasses import dataclass
from uuid import UUID

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
_BEGINNING = UUID(int=0)


@dataclass(slots=True)
class SettlePaymentsUseCase:
    """Asks the gateway by the attempt's key; only a definite answer closes an attempt. Those that
    stay open keep no other waiting: the next round begins behind them.
    """

    payments: IOpenPayments
    gateway: IPaymentGateway
    ledger: PaymentLedger
    _attempts_after: UUID = _BEGINNING
    _bookings_after: UUID = _BEGINNING

    async def execute(self) -> int:
        """Settle one batch of orphaned attempts and paid bookings; tell how many were settled.

        Raises:
            ExceptionGroup: some could not be settled; all the others were.
        """
        attempts = await self.payments.orphaned_attempts(
            ORPHAN_SECONDS, after=self._attempts_after, limit=BATCH_COUNT_MAX
        )
        bookings = await self.payments.paid_bookings(
            ORPHAN_SECONDS, after=self._bookings_after, limit=BATCH_COUNT_MAX
        )
        self._attempts_after = _next_start([attempt.id for attempt in attempts])
        self._bookings_after = _next_start([booking.id for booking in bookings])
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


def _next_start(ids: list[UUID]) -> UUID:
    """Behind a full batch; at the beginning again once the end was reached."""
    return ids[-1] if len(ids) == BATCH_COUNT_MAX else _BEGINNING
