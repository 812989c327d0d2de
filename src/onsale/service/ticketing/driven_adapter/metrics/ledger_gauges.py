"""What is open in the ledger, as metrics: holds, and whatever is owed and since when."""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.platform.exceptions import UnavailableError
from onsale.platform.observability.perishable_figures import PerishableFigures
from onsale.service.ticketing.domain.entity.booking_entity import OwedCommand

LOOK_SECONDS = 10.0
MONEY = ("payment", "completion", "refund")
EVENT_DEBTS = ("load", "cancellation")

_SQL = load_statements(Path(__file__).parents[1] / "repository" / "sql" / "ledger_gauges.sql")


class LedgerGauges:
    """Looks now and then. A look that fails leaves the figures as they were until they perish, and
    the time of the last good one tells how old they are. Every process that looks sees the same.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        registry: CollectorRegistry,
        on_error: Callable[[Exception], None],
    ) -> None:
        """Every metric stands at once, of nothing too."""
        self._pool = pool
        self._on_error = on_error
        self._figures = PerishableFigures(registry)
        figures = self._figures.registry
        self._holds = Gauge(
            "onsale_holds", "Bookings that hold seats and wait to be paid", registry=figures
        )
        self._commands = _Debts(
            "onsale_owed_commands",
            "Seat commands that no result has answered",
            "command",
            [command.value for command in OwedCommand],
            figures,
        )
        self._money = _Debts(
            "onsale_owed_money",
            "Payments under way, paid bookings to complete, refunds to make",
            "kind",
            MONEY,
            figures,
        )
        self._events = Gauge(
            "onsale_owed_event_work",
            "Events whose seats must be loaded, or whose bookings must end",
            ("kind",),
            registry=figures,
        )
        self._archive_failing = Gauge(
            "onsale_ledger_archive_failing_seconds",
            "Since when PostgreSQL has archived nothing of its log, if the last attempt failed",
            registry=figures,
        )
        self._looked_at = Gauge(
            "onsale_ledger_looked_timestamp_seconds",
            "When the ledger last told what is open",
            registry=registry,
        )

    async def look(self) -> None:
        """Look once.

        Raises:
            UnavailableError: the database is away.
        """
        async with unavailable_on_connection_loss(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_SQL["look"])
            self._commands.set(await connection.fetch(_SQL["owed_commands"]))
            self._money.set(await connection.fetch(_SQL["owed_money"]))
        assert row is not None
        self._holds.set(row["holds"])
        for kind in EVENT_DEBTS:
            self._events.labels(kind).set(row[f"owed_{kind}s"])
        self._archive_failing.set(row["archive_failing_seconds"] or 0)
        self._looked_at.set(time.time())
        self._figures.renew()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except UnavailableError as error:
                self._on_error(error)
            await asyncio.sleep(LOOK_SECONDS)


class _Debts:
    """How many there are of each kind, and since when the oldest."""

    def __init__(
        self, name: str, what: str, label: str, kinds: Iterable[str], registry: CollectorRegistry
    ) -> None:
        self._kinds = tuple(kinds)
        self._counts = Gauge(name, what, (label,), registry=registry)
        self._ages = Gauge(
            f"{name}_oldest_age_seconds",
            f"{what}: since when the oldest",
            (label,),
            registry=registry,
        )
        self.set(())

    def set(self, rows: Iterable[asyncpg.Record]) -> None:
        """What a statement found; a kind of which it found nothing has none."""
        found = {row["kind"]: row for row in rows}
        for kind in self._kinds:
            row = found.get(kind)
            self._counts.labels(kind).set(0 if row is None else row["count"])
            age_seconds = None if row is None else row["age_seconds"]
            self._ages.labels(kind).set(age_seconds or 0)
