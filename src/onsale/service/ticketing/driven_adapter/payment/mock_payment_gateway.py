"""A payment gateway for development: real in its contract, with cards that behave by number."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Captured,
    ChargeOutcome,
    Declined,
    GatewayTimeoutError,
)

# As card networks' test numbers go: every other number is accepted.
DECLINED_CARDS = {
    "4000000000000002": "card_declined",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
}
SLOW_CARD = "4000000000000259"
UNANSWERED_CARD = "4000000000000341"
SLOW_SECONDS = 3.0
ANSWER_SECONDS_MAX = 10.0

_SQL = load_statements(Path(__file__).parent / "mock_payment_gateway.sql")


class MockPaymentGateway:
    """Keeps its books in a table that nothing else reads, so that it remembers a charge whose
    caller died, as a real gateway would.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def charge(
        self,
        key: UUID,
        *,
        amount: int,  # noqa: ARG002 - what a real gateway needs to know
        currency: str,  # noqa: ARG002
        card_number: str,
    ) -> ChargeOutcome:
        """See ``IPaymentGateway``; an unanswered charge has moved the money all the same."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                if card_number == SLOW_CARD:
                    await asyncio.sleep(SLOW_SECONDS)
                outcome = await self._enter(key, DECLINED_CARDS.get(card_number))
        except TimeoutError as error:
            raise GatewayTimeoutError from error
        if card_number == UNANSWERED_CARD:
            raise GatewayTimeoutError
        return outcome

    async def settle(self, key: UUID) -> ChargeOutcome:
        """See ``IPaymentGateway``."""
        return await self._enter(key, "never_charged")

    async def _enter(self, key: UUID, decline_reason: str | None) -> ChargeOutcome:
        payment_id = None if decline_reason else f"pay_{key.hex}"
        async with unavailable_on_connection_loss(), self._pool.acquire() as connection:
            await connection.execute(_SQL["enter"], key, payment_id, decline_reason)
            # In a statement of its own: whoever entered the key first has decided.
            row = await connection.fetchrow(_SQL["read"], key)
        if row is None:
            raise LookupError("the gateway's entry is gone")
        if row["payment_id"] is not None:
            return Captured(row["payment_id"])
        return Declined(row["decline_reason"])
