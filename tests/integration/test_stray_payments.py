"""What the gateway lists and nobody here asked for is told and kept, never given back by itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from onsale.service.ticketing.app.command import find_stray_payments_use_case
from onsale.service.ticketing.driven_adapter.metrics.stray_payment_report import (
    StrayPaymentReport,
)
from tests.support.money import clear_up, refunds
from tests.support.pipeline import Pipeline


async def _list_one(pipeline: Pipeline, payment_id: str, *, age: str = "0 s") -> None:
    """The gateway lists a payment of this age, under a key of nobody, from now on."""
    await pipeline.pool.execute(
        "INSERT INTO mock_gateway_payment (payment_id, key, amount, taken_at)"
        " VALUES ($1, $2, 77, clock_timestamp() - $3::text::interval)",
        *(payment_id, uuid4(), age),
    )


def _told(pipeline: Pipeline) -> list[str]:
    return [payment.payment_id for payment in pipeline.told_payments]


async def test_money_under_a_key_of_nobody_is_told_once_and_stays(pipeline: Pipeline) -> None:
    await _list_one(pipeline, "pay_theirs")
    for _ in range(2):
        await clear_up(pipeline)
    assert await refunds(pipeline) == []
    assert await pipeline.pool.fetchval("SELECT count(*) FROM mock_gateway_refund") == 0
    assert _told(pipeline) == ["pay_theirs"]
    kept = await pipeline.pool.fetch("SELECT payment_id, amount FROM stray_payment")
    assert [tuple(row) for row in kept] == [("pay_theirs", 77)]

    registry = CollectorRegistry()
    with capture_logs() as logs:
        StrayPaymentReport(registry).tell(pipeline.told_payments[0])
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("stray_payment", "warning")
    ]
    assert registry.get_sample_value("onsale_stray_payments_total") == 1


async def test_a_ledger_without_a_watermark_begins_at_the_present(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("DELETE FROM gateway_sweep")
    await _list_one(pipeline, "pay_before", age="1 hour")
    await _list_one(pipeline, "pay_now")
    await clear_up(pipeline)
    assert _told(pipeline) == ["pay_now"]


async def test_what_the_gateway_lists_a_little_late_is_found(pipeline: Pipeline) -> None:
    await _list_one(pipeline, "pay_first")
    await clear_up(pipeline)
    await _list_one(pipeline, "pay_listed_late", age="30 s")
    await clear_up(pipeline)
    assert _told(pipeline) == ["pay_first", "pay_listed_late"]


async def test_what_it_lists_hours_late_is_found_within_a_day(pipeline: Pipeline) -> None:
    await _list_one(pipeline, "pay_first")
    await clear_up(pipeline)
    await _list_one(pipeline, "pay_listed_late", age="40 hours")
    await clear_up(pipeline)
    assert _told(pipeline) == ["pay_first"]
    await pipeline.pool.execute(
        "UPDATE gateway_sweep SET looked_back_at = looked_back_at - interval '25 hours'"
    )
    await clear_up(pipeline)
    assert _told(pipeline) == ["pay_first", "pay_listed_late"]
    late = "SELECT looked_back_at < now() - interval '1 day' FROM gateway_sweep"
    assert not await pipeline.pool.fetchval(late), "that was it for today"


async def test_looking_back_does_not_move_the_watermark_back(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    watermark = "SELECT swept_to FROM gateway_sweep"
    await _list_one(pipeline, "pay_first")
    await clear_up(pipeline)
    swept_to = await pipeline.pool.fetchval(watermark)
    await _list_one(pipeline, "pay_listed_late", age="1 hour")
    monkeypatch.setattr(find_stray_payments_use_case, "PAGE_COUNT_MAX", 1)
    monkeypatch.setattr(find_stray_payments_use_case, "OVERLAP", timedelta(hours=2))
    assert await pipeline.find_stray_payments.execute(), "the old one alone"
    assert _told(pipeline) == ["pay_first", "pay_listed_late"]
    assert await pipeline.pool.fetchval(watermark) == swept_to
