"""A payment gateway in memory, whose cards behave as the mock gateway's do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Authorized,
    AuthorizeOutcome,
    Captured,
    Declined,
    FinalOutcome,
    GatewayPayment,
    GatewayTimeoutError,
    RefundRefusedError,
    Voided,
)
from onsale.service.ticketing.driven_adapter.payment.card_numbers import (
    BEHAVIOURS,
    DECLINED_CARDS,
    UNREACHED_CARD,
    Behaviour,
)


@dataclass
class InMemoryPaymentGateway:
    payments: list[GatewayPayment] = field(default_factory=list)
    refunds: dict[UUID, tuple[str, int]] = field(default_factory=dict)
    _outcomes: dict[UUID, FinalOutcome] = field(default_factory=dict)
    _authorized: dict[UUID, tuple[int, str]] = field(default_factory=dict)

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        if card_number == UNREACHED_CARD:
            raise GatewayTimeoutError
        if key not in self._outcomes and key not in self._authorized:
            if card_number in DECLINED_CARDS:
                self._outcomes[key] = Declined(DECLINED_CARDS[card_number])
            else:
                self._authorized[key] = (amount, card_number)
        outcome = self._outcomes.get(key)
        return Authorized() if outcome is None or isinstance(outcome, Captured) else outcome

    async def capture(self, key: UUID) -> FinalOutcome:
        if key in self._outcomes or key not in self._authorized:
            return self._outcomes.setdefault(key, Voided())
        amount, card_number = self._authorized[key]
        behaviour = BEHAVIOURS.get(card_number)
        if behaviour is Behaviour.LAPSED:
            self._outcomes[key] = Declined("authorization_expired")
            return self._outcomes[key]
        captured = Captured(f"pay_{key.hex}")
        self._outcomes[key] = captured
        self._take(captured.payment_id, key, amount)
        if behaviour is Behaviour.DOUBLED:
            self._take(f"{captured.payment_id}_2", key, amount)
        if behaviour is Behaviour.UNANSWERED:
            raise GatewayTimeoutError
        return captured

    async def settle(self, key: UUID) -> FinalOutcome:
        return self._outcomes.setdefault(key, Voided())

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        if key not in self.refunds:
            is_given_back = any(payment_id == done for done, _ in self.refunds.values())
            is_taken = any(
                (one.payment_id, one.amount) == (payment_id, amount) for one in self.payments
            )
            if is_given_back or not is_taken:
                raise RefundRefusedError
            self.refunds[key] = (payment_id, amount)
        if self.refunds[key] != (payment_id, amount):
            raise RefundRefusedError

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        ordered = sorted(self.payments, key=lambda one: (one.taken_at, one.payment_id))
        behind = [one for one in ordered if (one.taken_at, one.payment_id) > (moment, after)]
        return behind[:limit]

    def _take(self, payment_id: str, key: UUID, amount: int) -> None:
        self.payments.append(GatewayPayment(payment_id, key, amount, datetime.now(UTC)))
