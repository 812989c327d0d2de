"""Every accepted booking is read once more, by its buyer, before the stores are judged."""

import asyncio
from collections.abc import Mapping, Sequence

from storm.clients import Client
from storm.history import Operation

READS_AT_ONCE = 16
READ_SECONDS_MAX = 30.0
READ_COUNT_MAX = 10
READ_PAUSE_SECONDS = 1.0


async def read_all(operations: Sequence[Operation], clients: Mapping[str, Client]) -> None:
    """Every accepted booking is read once more by its buyer, who comes back if told to.

    Only the last try is judged as final: a ``503`` says itself that it is for the moment.
    """
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def read(booking_id: str, client: Client) -> None:
        for tries_left in reversed(range(READ_COUNT_MAX)):
            async with gate:
                seen = await client.send(
                    "read" if tries_left else "final read",
                    "GET",
                    f"/api/booking/{booking_id}",
                    patience_seconds=READ_SECONDS_MAX,
                    booking_id=booking_id,
                )
            if not seen.is_unknown:
                return
            await asyncio.sleep(READ_PAUSE_SECONDS)

    owners = {each.accepted_id: each.client for each in operations if each.accepted_id}
    async with asyncio.TaskGroup() as reads:
        for booking_id, name in owners.items():
            reads.create_task(read(booking_id, clients[name]))
