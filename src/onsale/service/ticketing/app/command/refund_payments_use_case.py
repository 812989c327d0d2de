"""Give back the money that is owed back."""

from dataclasses import dataclass
from functools import partial

from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingUnitOfWork
from onsale.service.ticketing.app.service.side_by_side import side_by_side
from onsale.service.ticketing.domain.entity.payment_refund import PaymentRefund

# Two rounds of calls, 10 s each at most, end before a refund is due again, 30 s after it was taken.
BATCH_COUNT_MAX = 8
AT_ONCE_MAX = 4


@dataclass(frozen=True, slots=True)
class RefundPaymentsUseCase:
    """The refund's row was committed by whoever found that the money must go back. A batch is taken
    in hand for a while before the gateway is called, so any number of workers may run this side by
    side, and what a dying one leaves comes up again under the same key.
    """

    unit_of_work: ITicketingUnitOfWork
    gateway: IPaymentGateway

    async def execute(self) -> int:
        """Try one batch of due refunds, and tell how many that were.

        Raises:
            ExceptionGroup: some were refused or could not be asked for; they stay owed.
        """
        due = await self.unit_of_work.run(
            lambda transaction: transaction.take_due_refunds(BATCH_COUNT_MAX)
        )
        await side_by_side(
            [partial(self._refund, refund) for refund in due], at_once_max=AT_ONCE_MAX
        )
        return len(due)

    async def _refund(self, refund: PaymentRefund) -> bool:
        try:
            await self.gateway.refund(refund.id, payment_id=refund.payment_id, amount=refund.amount)
        except GatewayTimeoutError:
            return False  # unknown, so it stays owed; the same key cannot move the money twice
        return await self.unit_of_work.run(lambda transaction: transaction.finish_refund(refund.id))
