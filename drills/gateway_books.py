"""The mock gateway's books. A real gateway keeps its own elsewhere: no loss of PostgreSQL touches
them, and no restore takes anything back.
"""

import asyncio
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import asyncpg

# In the order in which they refer to each other.
TABLES = ("mock_gateway_charge", "mock_gateway_payment", "mock_gateway_refund")
FOUND_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.2
_UNKNOWN = """
SELECT count(*) AS due, coalesce(sum(amount), 0) AS cents,
    (SELECT count(*) FROM stray_payment) AS found
FROM mock_gateway_payment AS payment
WHERE NOT EXISTS (SELECT FROM payment_attempt WHERE payment_attempt.id = payment.key)
"""


@dataclass(frozen=True, slots=True)
class GatewayBooks:
    """Everything that the gateway has written down."""

    content: Mapping[str, bytes]

    @classmethod
    async def read(cls, connection: asyncpg.Connection) -> Self:
        """As it is now."""
        content = {}
        for table in TABLES:
            copied = io.BytesIO()
            await connection.copy_from_table(table, output=copied, format="binary")
            content[table] = copied.getvalue()
        return cls(content)

    async def write(self, connection: asyncpg.Connection) -> None:
        """Put it in the place of what is there."""
        async with connection.transaction():
            await connection.execute(f"TRUNCATE {', '.join(TABLES)}")
            for table, content in self.content.items():
                await connection.copy_to_table(table, source=io.BytesIO(content), format="binary")


@dataclass(frozen=True, slots=True)
class Strays:
    """Payments that the gateway lists and the ledger does not know: how many there are, what they
    come to, and how many of them the ticketing worker has found.
    """

    due: int
    cents: int
    found: int

    @classmethod
    async def found_by(cls, database_url: str) -> Self:
        """Wait until all are found, at most so long."""
        deadline = time.monotonic() + FOUND_SECONDS_MAX
        connection = await asyncpg.connect(database_url)
        try:
            while True:
                (row,) = await connection.fetch(_UNKNOWN)
                strays = cls(**dict(row))
                if strays.found >= strays.due or time.monotonic() > deadline:
                    return strays
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            await connection.close()
