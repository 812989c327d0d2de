"""Compare what the gateway says it has taken with what the ledger knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayPayment,
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)

PAGE_COUNT_MAX = 500
# Longer than the gateway may take to list a payment behind others that were taken after it.
OVERLAP = timedelta(minutes=1)


@dataclass(slots=True)
class FindStrayPaymentsUseCase:
    """Money under a key that was given up, or a second time under one key, is owed back. Money
    under a key that this ledger does not know is kept in mind and told to ``on_unknown``, once, but
    stays: the account may be shared, or the ledger restored from a backup.

    How far the comparison has come is kept in the ledger; it never passes a payment whose attempt
    is still under way, so that one is looked at again. Once a day it goes through the last two days
    again, for payments that the gateway listed later than ``OVERLAP``.
    """

    unit_of_work: ITicketingUnitOfWork
    gateway: IPaymentGateway
    on_unknown: Callable[[GatewayPayment], None]
    _start: datetime | None = field(default=None, init=False)
    _behind: GatewayPayment | None = field(default=None, init=False)
    _held_back_to: datetime | None = field(default=None, init=False)

    async def execute(self) -> bool:
        """Compare one page; tell whether there are more.

        Raises:
            UnavailableError: the gateway did not answer; the page is asked for again.
        """
        page = await self._next_page()
        if page:
            unknown = await self.unit_of_work.run(
                lambda transaction: self._account(transaction, page)
            )
            for payment in unknown:
                self.on_unknown(payment)
        has_more = len(page) == PAGE_COUNT_MAX
        self._behind = page[-1] if has_more else None
        self._start = None
        if not has_more:
            self._held_back_to = None
        return has_more

    async def _next_page(self) -> Sequence[GatewayPayment]:
        if self._behind is not None:
            start, after = self._behind.taken_at, self._behind.payment_id
        else:
            if self._start is None:
                self._start = await self.unit_of_work.run(_start)
            start, after = self._start, ""
        try:
            return await self.gateway.payments_since(start, after=after, limit=PAGE_COUNT_MAX)
        except GatewayTimeoutError as error:
            raise UnavailableError("payment-gateway", "it lists no payments") from error

    async def _account(
        self, transaction: ITicketingTransaction, page: Sequence[GatewayPayment]
    ) -> Sequence[GatewayPayment]:
        # Asked before the rest is judged: an attempt that is closed in between is looked at again.
        earliest = await transaction.earliest_unsettled(page)
        held_back_to = [moment for moment in (self._held_back_to, earliest) if moment is not None]
        self._held_back_to = min(held_back_to, default=None)
        await transaction.owe_stray_refunds(page)
        unknown = await transaction.question_strays(page)
        await transaction.advance_sweep(min([page[-1].taken_at, *held_back_to]))
        return unknown


async def _start(transaction: ITicketingTransaction) -> datetime:
    swept_to = await transaction.swept_to()
    return await transaction.look_back() or swept_to - OVERLAP
