"""Gateways that answer late, die, or are overtaken; the money is the real mock gateway's affair."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from onsale.service.ticketing.app.interface.i_payment_gateway import (
    AuthorizeOutcome,
    FinalOutcome,
    GatewayPayment,
    IPaymentGateway,
)

Result = TypeVar("Result")
Call = Literal["authorize", "capture", "settle", "refund", "payments_since"]


@dataclass
class PassingGateway:
    """Passes every call on; those that follow do something of their own about one of them."""

    gateway: IPaymentGateway

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        return await self.around(
            "authorize",
            self.gateway.authorize(key, amount=amount, currency=currency, card_number=card_number),
        )

    async def capture(self, key: UUID) -> FinalOutcome:
        return await self.around("capture", self.gateway.capture(key))

    async def settle(self, key: UUID) -> FinalOutcome:
        return await self.around("settle", self.gateway.settle(key))

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        await self.around("refund", self.gateway.refund(key, payment_id=payment_id, amount=amount))

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        return await self.around(
            "payments_since", self.gateway.payments_since(moment, after=after, limit=limit)
        )

    async def around(self, name: Call, call: Coroutine[Any, Any, Result]) -> Result:
        return await call


@dataclass
class LateGateway(PassingGateway):
    """The calls of one name reach the books only when the test lets them, whoever has given up
    waiting for their answer by then.
    """

    late: Call
    on_its_way: list[asyncio.Task[Any]] = field(default_factory=list)
    _go: asyncio.Event = field(default_factory=asyncio.Event)

    async def around(self, name: Call, call: Coroutine[Any, Any, Result]) -> Result:
        if name != self.late:
            return await call
        task = asyncio.create_task(self._arrive(call))
        self.on_its_way.append(task)
        return await asyncio.shield(task)

    async def arrive(self) -> list[Any]:
        """Let them through, and return what nobody waited for."""
        self._go.set()
        return await asyncio.gather(*self.on_its_way)

    async def _arrive(self, call: Coroutine[Any, Any, Result]) -> Result:
        await self._go.wait()
        return await call


@dataclass
class DyingGateway(PassingGateway):
    """Dies once, at the first call of one name: before it has done what it was asked, or after."""

    dying: Call
    error: Exception
    when: Literal["before", "after"]
    has_died: bool = False

    async def around(self, name: Call, call: Coroutine[Any, Any, Result]) -> Result:
        if name != self.dying or self.has_died:
            return await call
        self.has_died = True
        if self.when == "before":
            call.close()
        else:
            await call
        raise self.error


@dataclass
class OvertakenGateway(PassingGateway):
    """Something else happens between one call and what its caller does next."""

    overtaken: Call
    meanwhile: Callable[[], Awaitable[object]]
    when: Literal["before", "after"] = "after"

    async def around(self, name: Call, call: Coroutine[Any, Any, Result]) -> Result:
        if name == self.overtaken and self.when == "before":
            await self.meanwhile()
        result = await call
        if name == self.overtaken and self.when == "after":
            await self.meanwhile()
        return result
