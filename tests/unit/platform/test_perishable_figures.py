"""What a worker could not look at any more is not told, and whatever else it counts is."""

from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.observability import perishable_figures
from onsale.platform.observability.lag_watch import Consumption, LagWatch
from onsale.platform.observability.perishable_figures import FRESH_SECONDS_MAX, PerishableFigures
from onsale.service.ticketing.app.interface.i_webhook_delivery import Backlog
from onsale.service.ticketing.driven_adapter.metrics.prometheus_drift_meter import (
    FRESH_SECONDS_MAX as DRIFT_FRESH_SECONDS_MAX,
)
from onsale.service.ticketing.driven_adapter.metrics.prometheus_drift_meter import (
    PrometheusDriftMeter,
)
from onsale.service.ticketing.driven_adapter.webhook.prometheus_webhook_meter import (
    PrometheusWebhookMeter,
)
from tests.fakes.in_memory_message_bus import InMemoryMessageBus


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of everything that perishes in the test."""
    clock = Clock()
    monkeypatch.setattr(
        perishable_figures.PerishableFigures.__init__, "__defaults__", (FRESH_SECONDS_MAX, clock)
    )
    return clock


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def told(registry: CollectorRegistry) -> set[str]:
    """The names of all series."""
    lines = generate_latest(registry).decode().splitlines()
    return {line.partition("{")[0].split()[0] for line in lines if not line.startswith("#")}


def test_figures_are_told_until_nobody_has_renewed_them_for_so_long(
    registry: CollectorRegistry, clock: Clock
) -> None:
    figures = PerishableFigures(registry)
    Gauge("debts", "Debts", registry=figures.registry)
    clock.now += FRESH_SECONDS_MAX
    assert told(registry) == {"debts"}
    clock.now += 0.1
    assert told(registry) == set()
    figures.renew()
    assert told(registry) == {"debts"}
    clock.now += FRESH_SECONDS_MAX + 0.1
    assert told(registry) == set()


async def test_of_the_lag_its_age_alone_is_left(registry: CollectorRegistry, clock: Clock) -> None:
    watch = LagWatch(
        InMemoryMessageBus(KafkaTopicBuilder()),
        [Consumption("commands", "deciders")],
        Consumption("dead-letters", "redrive"),
        registry,
        lambda _: None,
    )
    await _perishes(
        registry,
        clock,
        watch.look,
        told_at_last={"onsale_consumer_lag_looked_timestamp_seconds"},
        forgotten={"onsale_consumer_lag_messages", "onsale_dead_letters_waiting"},
    )


async def test_of_what_webhooks_are_owed_its_age_and_the_attempts_are_left(
    registry: CollectorRegistry, clock: Clock
) -> None:
    meter = PrometheusWebhookMeter(registry)
    meter.attempted("delivered", 0.1)

    async def look() -> None:
        meter.owed(Backlog(3, 9.0, 2.0))

    await _perishes(
        registry,
        clock,
        look,
        told_at_last={"onsale_webhook_looked_timestamp_seconds", "onsale_webhook_attempts_total"},
        forgotten={
            "onsale_webhook_deliveries_owed",
            "onsale_webhook_oldest_owed_seconds",
            "onsale_webhook_longest_wait_seconds",
        },
    )


async def test_of_the_comparison_its_age_and_the_repairs_are_left(
    registry: CollectorRegistry, clock: Clock
) -> None:
    meter = PrometheusDriftMeter(registry, clock)

    async def look() -> None:
        meter.found(drifting_seats=3, drifting_events=1, contradicting=1)

    await _perishes(
        registry,
        clock,
        look,
        fresh_seconds_max=DRIFT_FRESH_SECONDS_MAX,
        told_at_last={"onsale_drift_oldest_check_seconds", "onsale_drift_repairs_total"},
        forgotten={
            "onsale_drift_seats",
            "onsale_drift_events",
            "onsale_ledger_contradicting_events",
        },
    )


async def _perishes(
    registry: CollectorRegistry,
    clock: Clock,
    look: Callable[[], Awaitable[None]],
    *,
    told_at_last: set[str],
    forgotten: set[str],
    fresh_seconds_max: float = FRESH_SECONDS_MAX,
) -> None:
    clock.now += fresh_seconds_max
    await look()
    clock.now += fresh_seconds_max
    assert told_at_last | forgotten <= told(registry)
    clock.now += 0.1
    assert told_at_last <= told(registry)
    assert not forgotten & told(registry)
