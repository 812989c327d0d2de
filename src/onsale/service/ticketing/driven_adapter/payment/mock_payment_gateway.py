"""A payment gateway for development: real in its contract, with cards that behave by number."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.rows import Row
from onsale.platform.database.sql_file import load_statements
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

__all__ = ["DECLINED_CARDS", "MockPaymentGateway"]

SLOW_SECONDS = 3.0
LAPSED_REASON = "authorization_expired"
_ACQUIRE_TIMEOUT_SECONDS = 5.0

_SQL = load_statements(Path(__file__).parent / "mock_payment_gateway.sql")


class MockPaymentGateway:
    """See ``IPaymentGateway``. Keeps its books in tables that nothing else reads, so that it
    remembers a charge whose caller died, as a real gateway would, and any number of processes may
    use it. It has no bounds of its own: those are the caller's (``BoundedPaymentGateway``).
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        if card_number == UNREACHED_CARD:
            raise GatewayTimeoutError
        reason = DECLINED_CARDS.get(card_number)
        state = "declined" if reason else "authorized"
        behaviour = BEHAVIOURS.get(card_number)
        async with self._transaction() as connection:
            await connection.execute(_SQL["enter"], key, state, behaviour, amount, currency, reason)
            # In a statement of its own: whoever entered the key first has decided.
            outcome = _outcome(await connection.fetchrow(_SQL["lock"], key))
        return Authorized() if outcome is None or isinstance(outcome, Captured) else outcome

    async def capture(self, key: UUID) -> FinalOutcome:
        behaviour = await self._behaviour(key)
        if behaviour is Behaviour.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        async with self._transaction() as connection:
            await connection.execute(_SQL["enter_voided"], key)
            outcome = _outcome(await connection.fetchrow(_SQL["lock"], key))
            if outcome is None and behaviour is Behaviour.LAPSED:
                await connection.execute(_SQL["decline"], key, LAPSED_REASON)
                outcome = Declined(LAPSED_REASON)
            elif outcome is None:
                outcome = Captured(f"pay_{key.hex}")
                await connection.execute(_SQL["take"], key, outcome.payment_id)
                if behaviour is Behaviour.DOUBLED:
                    await connection.execute(_SQL["take"], key, f"{outcome.payment_id}_2")
                await connection.execute(_SQL["close_captured"], key, outcome.payment_id)
                if behaviour is Behaviour.UNANSWERED:
                    outcome = None
        if outcome is None:
            raise GatewayTimeoutError
        return outcome

    async def settle(self, key: UUID) -> FinalOutcome:
        async with self._transaction() as connection:
            await connection.execute(_SQL["enter_voided"], key)
            outcome = _outcome(await connection.fetchrow(_SQL["lock"], key))
            if outcome is None:
                await connection.execute(_SQL["void"], key)
        return outcome or Voided()

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        async with self._transaction() as connection:
            await connection.execute(_SQL["refund"], key, payment_id, amount)
            row = await connection.fetchrow(_SQL["read_refund"], key)
        if row is None or (row["payment_id"], row["amount"]) != (payment_id, amount):
            raise RefundRefusedError("no such payment, or it was not that much, or it is gone")

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["payments_since"], moment, after, limit)
        return [
            GatewayPayment(row["payment_id"], row["key"], row["amount"], row["taken_at"])
            for row in rows
        ]

    async def _behaviour(self, key: UUID) -> Behaviour | None:
        async with unavailable_on_connection_loss():
            behaviour = await self._pool.fetchval(_SQL["behaviour"], key)
        return None if behaviour is None else Behaviour(behaviour)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire(timeout=_ACQUIRE_TIMEOUT_SECONDS) as connection,
            connection.transaction(),
        ):
            yield connection


def _outcome(row: Row | None) -> FinalOutcome | None:
    """What the books say; ``None`` while the key is authorized and no more."""
    if row is None:
        raise LookupError("the gateway's entry is gone")
    match row["state"]:
        case "captured":
            return Captured(row["payment_id"])
        case "declined":
            return Declined(row["decline_reason"])
        case "voided":
            return Voided()
        case _:
            return None
