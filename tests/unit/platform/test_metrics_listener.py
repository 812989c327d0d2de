import asyncio
import re
import socket
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry

from onsale.platform.embedded.ports import free_port
from onsale.platform.observability import metrics_listener as metrics_listener_module
from onsale.platform.observability.batch_meter import PrometheusBatchMeter
from onsale.platform.observability.loop_lag import LoopLag, beating
from onsale.platform.observability.metrics_listener import metrics_listener
from onsale.service.ticketing.driven_adapter.metrics.prometheus_drift_meter import (
    PrometheusDriftMeter,
)
from tests.servers.waiting import eventually

HOST = "127.0.0.1"


def test_a_worker_serves_its_metrics_until_the_end() -> None:
    registry, port, now = CollectorRegistry(), free_port(), 100.0
    batches = PrometheusBatchMeter(registry)
    drift = PrometheusDriftMeter(registry, lambda: now)
    batches.batch_handled(7, 0.1)
    batches.dead_lettered(1)
    drift.checked()
    drift.found(drifting_seats=3, drifting_events=2, contradicting=1)
    drift.repaired("lost")
    drift.round_finished(began_at=90.0)
    with metrics_listener(registry, HOST, port, LoopLag()):
        shown = httpx.get(f"http://{HOST}:{port}/metrics").text.splitlines()
    for line in (
        "onsale_worker_messages_total 7.0",
        "onsale_worker_dead_letters_total 1.0",
        "onsale_worker_batch_duration_seconds_count 1.0",
        "onsale_drift_checks_total 1.0",
        "onsale_drift_seats 3.0",
        "onsale_drift_events 2.0",
        "onsale_ledger_contradicting_events 1.0",
        "onsale_drift_oldest_check_seconds 10.0",
        'onsale_drift_repairs_total{cause="lost"} 1.0',
        'onsale_drift_repairs_total{cause="drifted"} 0.0',
    ):
        assert line in shown
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{HOST}:{port}/metrics")


async def test_a_worker_whose_event_loop_stands_still_does_not_live_and_can_still_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_listener_module, "STANDING_SECONDS_MAX", 0.5)
    registry, port = CollectorRegistry(), free_port()

    def status() -> int:
        return httpx.get(f"http://{HOST}:{port}/livez").status_code

    def lag_told() -> float:
        shown = httpx.get(f"http://{HOST}:{port}/metrics").text
        (line,) = re.findall(r"^onsale_event_loop_lag_seconds (.+)$", shown, re.MULTILINE)
        return float(line)

    async with beating(registry) as lag:
        with metrics_listener(registry, HOST, port, lag):
            assert await asyncio.to_thread(status) == httpx.codes.OK
            # Asked by this very thread, so that the loop stands still until the answer has changed.
            deadline = time.monotonic() + 20.0
            while status() != httpx.codes.SERVICE_UNAVAILABLE:
                assert time.monotonic() < deadline
            assert lag_told() >= 0.5

            async def lives() -> bool:
                return await asyncio.to_thread(status) == httpx.codes.OK

            await eventually(lives)


def test_without_a_port_nothing_listens() -> None:
    with metrics_listener(CollectorRegistry(), HOST, None, LoopLag()):
        pass


def test_a_port_that_is_taken_does_not_stop_the_work() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with metrics_listener(CollectorRegistry(), HOST, port, LoopLag()):
            worked = True
    assert worked
