"""Pay for a held booking and complete it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_booking_repository import IBookingQueryRepository
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Authorized,
    FinalOutcome,
    GatewayTimeoutError,
    IPaymentGateway,
)
from onsale.service.ticketing.app.interface.i_payment_transaction import PaymentKey
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotFoundError,
    BookingNotPayableError,
    IdempotencyKeyReusedError,
    PaymentDeclinedError,
    PaymentInProgressError,
    PaymentUnknownError,
)


class _KeyInUseError(Exception):
    """Another request with the same key was faster."""


@dataclass(frozen=True, slots=True)
class MockPaymentAndUpdateStatusToCompletedUseCase:
    """An attempt row is committed before the gateway is called: while it is under way nothing else
    can end the hold, and if this process dies the reconciler takes it up from its latest step.

    ``digest`` tells requests for a booking with a card apart without giving the card away.
    """

    bookings: IBookingQueryRepository
    unit_of_work: ITicketingUnitOfWork
    gateway: IPaymentGateway
    ledger: PaymentLedger
    new_id: Callable[[], UUID]
    digest: Callable[[UUID, str], bytes]

    async def execute(
        self,
        principal: Principal,
        booking_id: UUID,
        card_number: str,
        idempotency_key: str | None = None,
        before_new_attempt: Callable[[], None] = lambda: None,
    ) -> Booking:
        """Take the money and return the completed booking.

        A key that was used before has its first outcome as it is now; nothing is charged again.
        Where there is none ``before_new_attempt`` is asked, and may raise what it likes.

        Raises:
            ForbiddenRoleError, NotOwnerError, BookingNotFoundError: not yours to pay.
            IdempotencyKeyReusedError: the key stands for another booking or card.
            HoldExpiredError, BookingNotPayableError, PaymentInProgressError: nothing was charged,
                or what was charged is handed back.
            PaymentDeclinedError: the gateway refused; the hold stays.
            PaymentUnknownError: the gateway did not answer; the reconciler settles it.
            UnavailableError: the same request may succeed later; with a key, and while the first
                is under way also without, it does not charge a second time.
        """
        RoleAuthService.require_role(principal, UserRole.BUYER)
        key = None
        if idempotency_key is not None:
            digest = self.digest(booking_id, card_number)
            key = PaymentKey(principal.user_id, idempotency_key, digest)
            # Before any refusal: a repeat must get its outcome also when the hold is over by now.
            if (earlier := await self._begun_before(key)) is not None:
                return await self._outcome_of(earlier)
        before_new_attempt()
        try:
            attempt = await self._open_attempt(principal, booking_id, key)
        except _KeyInUseError:
            earlier = await self._begun_before(key) if key else None
            if earlier is None:
                raise PaymentInProgressError from None
            return await self._outcome_of(earlier)
        try:
            outcome = await self._charge(attempt, card_number)
        except GatewayTimeoutError as error:
            raise PaymentUnknownError from error
        booking = await self.ledger.record(attempt, outcome) if outcome else None
        if booking is None:
            return await self._outcome_of(await self.ledger.as_it_stands(attempt))
        return _completed(booking)

    async def _begun_before(self, key: PaymentKey) -> PaymentAttempt | None:
        earlier = await self.unit_of_work.run(lambda transaction: transaction.keyed_attempt(key))
        if earlier is None:
            return None
        if earlier.request_digest != key.request_digest:
            raise IdempotencyKeyReusedError
        return earlier.attempt

    async def _open_attempt(
        self, principal: Principal, booking_id: UUID, key: PaymentKey | None = None
    ) -> PaymentAttempt:
        attempt_id = self.new_id()

        async def begin(transaction: ITicketingTransaction) -> PaymentAttempt:
            booking = (await transaction.lock_bookings([booking_id])).get(booking_id)
            if booking is None:
                raise BookingNotFoundError
            RoleAuthService.require_booking_buyer(principal, booking)
            # Asked again under the lock, which the other of two requests at once has held.
            if key is not None and await transaction.keyed_attempt(key) is not None:
                raise _KeyInUseError
            if await transaction.has_open_attempt(booking_id):
                raise PaymentInProgressError
            booking.require_payable(transaction.now)
            if await transaction.is_cancelled(booking.event_id):
                raise BookingNotPayableError("The event is cancelled.", status=booking.status.value)
            attempt = PaymentAttempt(attempt_id, booking_id, booking.total_price, booking.currency)
            if not await transaction.open_attempt(attempt, key):
                # With a key: it was used for another booking at the same moment.
                raise PaymentInProgressError if key is None else _KeyInUseError
            return attempt

        return await self.unit_of_work.run(begin)

    async def _charge(self, attempt: PaymentAttempt, card_number: str) -> FinalOutcome | None:
        """What became of it; ``None`` when somebody else has closed the attempt meanwhile."""
        outcome = await self.gateway.authorize(
            attempt.id,
            amount=attempt.amount,
            currency=attempt.currency,
            card_number=card_number,
        )
        if not isinstance(outcome, Authorized):
            return outcome
        if not await self.ledger.record_authorized(attempt):
            return None
        return await self.gateway.capture(attempt.id)

    async def _outcome_of(self, attempt: PaymentAttempt) -> Booking:
        match attempt.status:
            case AttemptStatus.OPEN | AttemptStatus.AUTHORIZED:
                raise PaymentInProgressError
            case AttemptStatus.DECLINED:
                raise PaymentDeclinedError(decline_reason=attempt.decline_reason)
            case AttemptStatus.VOIDED:
                raise UnavailableError("payment-gateway", "the payment was given up")
            case AttemptStatus.CAPTURED:
                booking = (await self.bookings.by_ids([attempt.booking_id]))[attempt.booking_id]
                if booking.status is BookingStatus.PAID:
                    booking = await self.ledger.complete(booking.id, booking.event_id)
                return _completed(booking)


def _completed(booking: Booking) -> Booking:
    if booking.status is not BookingStatus.COMPLETED:
        raise BookingNotPayableError(
            "The booking cannot be completed; the money is handed back.",
            status=booking.status.value,
        )
    return booking
