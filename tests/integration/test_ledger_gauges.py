"""What is open in the ledger, as metrics."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from drills.archive import Archive
from onsale.platform.database.connections import create_pool
from onsale.platform.database.migrate import upgrade
from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.postgres import EmbeddedPostgres
from onsale.platform.embedded.supervisor import Supervisor
from onsale.platform.observability.perishable_figures import (
    FRESH_SECONDS_MAX,
    PerishableFigures,
)
from onsale.platform.observability.pool_meter import AsyncpgPoolUse, PoolMeter
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.driven_adapter.metrics.ledger_gauges import LedgerGauges
from tests.servers.waiting import eventually
from tests.support.money import CARD
from tests.support.pipeline import Pipeline, raise_error

FIRST_SEGMENT = "000000010000000000000001"
# PostgreSQL tries three times, a second apart, and then once a minute or when it is told to.
ARCHIVED_SECONDS_MAX = 60.0


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gauges(pipeline: Pipeline, registry: CollectorRegistry) -> LedgerGauges:
    return LedgerGauges(pipeline.pool, registry, raise_error)


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


def told(registry: CollectorRegistry, name: str, **labels: str) -> float:
    value = registry.get_sample_value(f"onsale_{name}", labels)
    assert value is not None, name
    return value


async def test_holds_and_owed_commands_are_counted_and_the_oldest_has_its_age(
    pipeline: Pipeline, buyer: Principal, registry: CollectorRegistry, gauges: LedgerGauges
) -> None:
    event = await pipeline.open_event()
    await pipeline.hold(buyer, event)
    owing = await pipeline.book(buyer, event)
    await pipeline.pool.execute(
        "UPDATE booking SET updated_at = now() - interval '90 seconds' WHERE id = $1", owing.id
    )
    await gauges.look()
    assert told(registry, "holds") == 1
    assert told(registry, "owed_commands", command="reserve") == 1
    assert 90 <= told(registry, "owed_commands_oldest_age_seconds", command="reserve") < 120
    assert told(registry, "owed_commands", command="release") == 0
    # Sending it again does not make it younger, and its answer ends it.
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now() WHERE id = $1", owing.id)
    await pipeline.resend.execute()
    await gauges.look()
    assert told(registry, "owed_commands_oldest_age_seconds", command="reserve") >= 90
    await pipeline.settle()
    await gauges.look()
    assert told(registry, "holds") == 2
    assert told(registry, "owed_commands", command="reserve") == 0
    assert told(registry, "owed_commands_oldest_age_seconds", command="reserve") == 0


async def test_money_and_events_that_owe_something_are_counted(
    pipeline: Pipeline, buyer: Principal, registry: CollectorRegistry, gauges: LedgerGauges
) -> None:
    event = await pipeline.open_event()
    held = await pipeline.hold(buyer, event)
    await pipeline.pay.execute(buyer, held.id, CARD)
    await gauges.look()
    for kind in ("payment", "completion", "refund"):
        assert told(registry, "owed_money", kind=kind) == 0
    await pipeline.pool.execute(
        "UPDATE payment_attempt SET status = 'open', payment_id = NULL, settled_at = NULL,"
        " authorized_at = NULL, created_at = now() - interval '10 minutes'"
    )
    await pipeline.pool.execute("UPDATE event SET load_owed = true")
    await gauges.look()
    assert told(registry, "owed_money", kind="payment") == 1
    assert told(registry, "owed_money_oldest_age_seconds", kind="payment") >= 600
    assert told(registry, "owed_event_work", kind="load") == 1
    assert told(registry, "owed_event_work", kind="cancellation") == 0


async def test_what_the_ledger_has_not_told_for_long_is_not_told(
    pipeline: Pipeline, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(
        PerishableFigures.__init__, "__defaults__", (FRESH_SECONDS_MAX, lambda: now)
    )
    gauges = LedgerGauges(pipeline.pool, registry, raise_error)
    now = FRESH_SECONDS_MAX
    before = time.time()
    await gauges.look()
    now = 2 * FRESH_SECONDS_MAX
    assert told(registry, "holds") == 0
    now += 0.1
    series = {sample.name for family in registry.collect() for sample in family.samples}
    assert series == {"onsale_ledger_looked_timestamp_seconds"}
    assert before <= told(registry, "ledger_looked_timestamp_seconds") <= time.time()


async def test_connections_that_are_taken_are_told(
    pipeline: Pipeline, registry: CollectorRegistry
) -> None:
    PoolMeter(registry, {"main": AsyncpgPoolUse(pipeline.pool)})
    async with pipeline.pool.acquire(), pipeline.pool.acquire():
        taken = told(registry, "database_pool_connections", pool="main", state="taken")
    assert taken == 2
    assert told(registry, "database_pool_connections", pool="main", state="taken") == 0
    assert told(registry, "database_pool_connections", pool="main", state="idle") >= 2
    assert told(registry, "database_pool_connections_max", pool="main") == 10


@asynccontextmanager
async def _server(directory: DataDirectory, archive: Archive | None) -> AsyncIterator[asyncpg.Pool]:
    """One with a schema, which archives there if at all, and keeps its figures when it ends."""
    server = EmbeddedPostgres(directory, archive.archiving() if archive else None)
    server.prepare()
    async with Supervisor(directory) as supervisor:
        await supervisor.start(server.process())
        await asyncio.to_thread(upgrade, server.url())
        pool = await create_pool(server.url(), size_max=2)
        yield pool
        await pool.close()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """One that cannot take a server's first segment: another one of that name is there."""
    (tmp_path / "data").mkdir()
    archive = Archive(tmp_path / "data" / "archive")
    archive.prepare()
    (archive.log / FIRST_SEGMENT).write_bytes(b"another one")
    return archive


async def test_an_archive_that_fails_is_told_until_it_takes_the_log_again(
    archive: Archive, registry: CollectorRegistry
) -> None:
    async with _server(DataDirectory(archive.folder.parent), archive) as pool:
        gauges = LedgerGauges(pool, registry, raise_error)

        async def fails() -> bool:
            await gauges.look()
            return told(registry, "ledger_archive_failing_seconds") > 0

        async def goes_well() -> bool:
            await pool.execute("SELECT pg_switch_wal()")
            return not await fails()

        assert not await fails()
        await pool.execute("SELECT pg_switch_wal()")
        await eventually(fails, timeout_seconds=ARCHIVED_SECONDS_MAX)
        (archive.log / FIRST_SEGMENT).unlink()
        await eventually(goes_well, timeout_seconds=2 * ARCHIVED_SECONDS_MAX)


async def test_failures_from_before_archiving_was_switched_off_are_nothing(
    archive: Archive, registry: CollectorRegistry
) -> None:
    directory = DataDirectory(archive.folder.parent)
    async with _server(directory, archive) as pool:

        async def has_failed() -> bool:
            counted = await pool.fetchval("SELECT failed_count > 0 FROM pg_stat_archiver")
            return bool(counted)

        await pool.execute("SELECT pg_switch_wal()")
        await eventually(has_failed, timeout_seconds=ARCHIVED_SECONDS_MAX)
    async with _server(directory, None) as pool:
        assert await pool.fetchval("SELECT failed_count > 0 FROM pg_stat_archiver")
        await LedgerGauges(pool, registry, raise_error).look()
    assert told(registry, "ledger_archive_failing_seconds") == 0
