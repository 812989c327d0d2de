"""Finish payments whose process died on the way."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from onsale.service.ticketing.app.interface.i_open_payments import IOpenPayments, OrphanedAttempt
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.side_by_side import side_by_side
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus

BATCH_COUNT_MAX = 100
AT_ONCE_MAX = 4
# Longer than one call to the gateway may take, so that a payment under way is not taken for an
# orphan. One that is nevertheless is safe, as every step is idempotent; its buyer may have to pay
# again.
ORPHAN_SECONDS = 20.0
_BEGINNING = UUID(int=0)


@dataclass(slots=True)
class SettlePaymentsUseCase:
    """What was authorized and is still wanted is captured; what was not is voided. Only a definite
    answer closes an attempt. Those that stay open keep no other waiting: the next round begins
    behind them.
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
        orphans = await self.payments.orphaned_attempts(
            ORPHAN_SECONDS, after=self._attempts_after, limit=BATCH_COUNT_MAX
        )
        bookings = await self.payments.paid_bookings(
            ORPHAN_SECONDS, after=self._bookings_after, limit=BATCH_COUNT_MAX
        )
        self._attempts_after = _next_start([orphan.attempt.id for orphan in orphans])
        self._bookings_after = _next_start([booking.id for booking in bookings])
        settling = [partial(self._settle, orphan) for orphan in orphans]
        completing = [partial(self._complete, booking) for booking in bookings]
        return await side_by_side([*settling, *completing], at_once_max=AT_ONCE_MAX)

    async def _settle(self, orphan: OrphanedAttempt) -> bool:
        attempt = orphan.attempt
        is_capturable = orphan.is_wanted and attempt.status is AttemptStatus.AUTHORIZED
        ask = self.gateway.capture if is_capturable else self.gateway.settle
        try:
            outcome = await ask(attempt.id)
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
