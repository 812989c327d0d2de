"""Every call to a gateway has its time; a gateway that takes longer has not answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onsale.service.ticketing.app.interface.i_payment_gateway import (
    AuthorizeOutcome,
    FinalOutcome,
    GatewayPayment,
    GatewayTimeoutError,
    IPaymentGateway,
)


@dataclass(frozen=True, slots=True)
class GatewayPatience:
    """How long an answer is waited for, call by call."""

    authorize_seconds_max: float = 10.0
    capture_seconds_max: float = 10.0
    settle_seconds_max: float = 10.0
    refund_seconds_max: float = 10.0
    list_seconds_max: float = 10.0


@dataclass(frozen=True, slots=True)
class BoundedPaymentGateway:
    """See ``IPaymentGateway``; whatever the gateway behind it does, each call ends in time."""

    gateway: IPaymentGateway
    patience: GatewayPatience

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        async with _no_answer_after(self.patience.authorize_seconds_max):
            return await self.gateway.authorize(
                key, amount=amount, currency=currency, card_number=card_number
            )

    async def capture(self, key: UUID) -> FinalOutcome:
        async with _no_answer_after(self.patience.capture_seconds_max):
            return await self.gateway.capture(key)

    async def settle(self, key: UUID) -> FinalOutcome:
        async with _no_answer_after(self.patience.settle_seconds_max):
            return await self.gateway.settle(key)

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        async with _no_answer_after(self.patience.refund_seconds_max):
            await self.gateway.refund(key, payment_id=payment_id, amount=amount)

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        async with _no_answer_after(self.patience.list_seconds_max):
            return await self.gateway.payments_since(moment, after=after, limit=limit)


@asynccontextmanager
async def _no_answer_after(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise GatewayTimeoutError from error
