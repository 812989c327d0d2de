"""Pay for a held booking and complete it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.payment_attempt import PaymentAttempt
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotFoundError,
    PaymentDeclinedError,
    PaymentInProgressError,
    PaymentUnknownError,
)


@dataclass(frozen=True, slots=True)
class MockPaymentAndUpdateStatusToCompletedUseCase:
    """An attempt row is committed before the gateway is called: while it is open nothing else can
    end the hold, and if this process dies the reconciler asks the gateway what became of it.
    """

    bookings: IBookingQueryRepository
    unit_of_work: ITicketingUnitOfWork
    gateway: IPaymentGateway
    ledger: PaymentLedger
    new_id: Callable[[], UUID]

    async def execute(self, principal: Principal, booking_id: UUID, card_number: str) -> Booking:
        """Take the money and return the completed booking.

        Raises:
            ForbiddenRoleError, NotOwnerError, BookingNotFoundError: not yours to pay.
            HoldExpiredError, BookingNotPayableError, PaymentInProgressError: nothing was charged.
            PaymentDeclinedError: the gateway refused; the hold stays.
            PaymentUnknownError: the gateway did not answer; the reconciler settles it.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        if not await self.bookings.by_ids([booking_id]):
            raise BookingNotFoundError
        attempt = await self._open_attempt(principal, booking_id)
        try:
            outcome = await self.gateway.charge(
                attempt.id,
                amount=attempt.amount,
                currency=attempt.currency,
                card_number=card_number,
            )
        except GatewayTimeoutError as error:
            raise PaymentUnknownError from error
        booking = await self.ledger.record(attempt, outcome)
        if booking is None:
            raise PaymentDeclinedError
        return booking

    async def _open_attempt(self, principal: Principal, booking_id: UUID) -> PaymentAttempt:
        attempt_id = self.new_id()

        async def begin(transaction: ITicketingTransaction) -> PaymentAttempt:
            booking = (await transaction.lock_bookings([booking_id]))[booking_id]
            RoleAuthService.require_booking_buyer(principal, booking)
            if await transaction.has_open_attempt(booking_id):
                raise PaymentInProgressError
            booking.require_payable(transaction.now)
            attempt = PaymentAttempt(attempt_id, booking_id, booking.total_price, booking.currency)
            if not await transaction.open_attempt(attempt):
                raise PaymentInProgressError
            return attempt

        return await self.unit_of_work.run(begin)
