"""Calls to a store: how long they take and how many fail."""

import pytest
from prometheus_client import CollectorRegistry

from onsale.platform.observability.call_meter import CallMeter

CALLS = ("apply", "counts")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def meter(registry: CollectorRegistry) -> CallMeter:
    return CallMeter(registry, "store", "the store", CALLS)


def failures(registry: CollectorRegistry) -> dict[str, float | None]:
    return {
        call: registry.get_sample_value("store_call_failures_total", {"call": call})
        for call in CALLS
    }


@pytest.mark.usefixtures("meter")
def test_failures_of_each_call_stand_at_once_so_that_a_rate_sees_the_first(
    registry: CollectorRegistry,
) -> None:
    assert failures(registry) == {"apply": 0, "counts": 0}


def test_a_call_that_fails_is_counted_timed_and_still_fails(
    registry: CollectorRegistry, meter: CallMeter
) -> None:
    with meter.timed("apply"):
        pass
    for _ in range(2):
        with pytest.raises(ConnectionError), meter.timed("apply"):
            raise ConnectionError
    assert failures(registry) == {"apply": 2, "counts": 0}
    timed = registry.get_sample_value("store_call_duration_seconds_count", {"call": "apply"})
    assert timed == 3
