"""Looks for contradictions between rows, set by set."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.driven_adapter.repository.seat_snapshot_reader import read_snapshot

_SQL = load_statements(Path(__file__).parent / "sql" / "ledger_audit.sql")
_CHECKS = tuple(name for name in _SQL if name.startswith("check_"))


class AsyncpgLedgerAudit:
    """See ``ILedgerAudit``; every check is a statement that returns one sentence a row."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def event_ids(self) -> Sequence[int]:
        async with unavailable_on_connection_loss():
            return [row["id"] for row in await self._pool.fetch(_SQL["loaded_events"])]

    async def status(self, event_id: int) -> EventStatus | None:
        async with unavailable_on_connection_loss():
            status = await self._pool.fetchval(_SQL["status"], event_id)
        return None if status is None else EventStatus(status)

    async def contradictions(self, event_id: int) -> Sequence[str]:
        sentences: list[str] = []
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for check in _CHECKS:
                rows = await connection.fetch(_SQL[check], event_id)
                sentences += [row["sentence"] for row in rows]
        return sentences

    async def snapshot(self, event_id: int) -> Sequence[SubsectionSnapshot]:
        async with (
            unavailable_on_connection_loss(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await read_snapshot(connection, event_id)

    async def epoch(self, event_id: int) -> int:
        async with unavailable_on_connection_loss():
            return int(await self._pool.fetchval(_SQL["epoch"], event_id) or 0)

    async def owed_commands(self, event_id: int) -> int:
        async with unavailable_on_connection_loss():
            return int(await self._pool.fetchval(_SQL["owed_commands"], event_id))
