"""What is open in the ledger, as metrics."""

import pytest
from prometheus_client import CollectorRegistry

from onsale.platform.observability.pool_meter import AsyncpgPoolUse, PoolMeter
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.driven_adapter.metrics.ledger_gauges import LedgerGauges
from tests.support.money import CARD
from tests.support.pipeline import Pipeline, raise_error


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
