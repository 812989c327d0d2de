"""Money that cannot lead to tickets is owed back where it is found, and given back once."""

import asyncio
from datetime import timedelta
from math import ceil
from uuid import UUID

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command import find_stray_payments_use_case
from onsale.service.ticketing.app.command.refund_payments_use_case import (
    AT_ONCE_MAX,
    BATCH_COUNT_MAX,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Captured,
    GatewayTimeoutError,
    RefundRefusedError,
    Voided,
)
from onsale.service.ticketing.app.service.payment_ledger import hand_back
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.payment_refund import RefundReason
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import BookingNotPayableError
from onsale.service.ticketing.driven_adapter.payment.bounded_payment_gateway import GatewayPatience
from tests.support.faulty_gateways import DyingGateway
from tests.support.money import (
    CARD,
    clear_up,
    make_refunds_due,
    money_kept,
    orphan_attempts,
    paying_through,
    refunds,
    times_taken,
)
from tests.support.pipeline import Pipeline


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


@pytest.fixture
async def event(pipeline: Pipeline) -> Event:
    return await pipeline.open_event()


@pytest.fixture
async def held(pipeline: Pipeline, buyer: Principal, event: Event) -> Booking:
    return await pipeline.hold(buyer, event, "1-1", "1-2")


async def _take_behind_our_back(
    pipeline: Pipeline, key: UUID, payment_id: str = "pay_stray", amount: int = 2_000
) -> None:
    """A gateway that does what it has promised not to do."""
    await pipeline.pool.execute(
        "INSERT INTO mock_gateway_payment (payment_id, key, amount) VALUES ($1, $2, $3)",
        *(payment_id, key, amount),
    )


@pytest.fixture
async def given_up(pipeline: Pipeline, buyer: Principal, held: Booking) -> UUID:
    """The key of an attempt that was voided: money under it goes back."""
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.payment_ledger.record(attempt, Voided())
    return attempt.id


@pytest.mark.parametrize("how", ["it answers", "it lists"])
async def test_money_that_comes_after_the_attempt_was_given_up_goes_back(
    pipeline: Pipeline, buyer: Principal, held: Booking, how: str
) -> None:
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    assert await pipeline.payment_ledger.record(attempt, Voided()) is None
    await _take_behind_our_back(pipeline, attempt.id)
    if how == "it answers":
        late = Captured("pay_stray")
        assert await pipeline.payment_ledger.record(attempt, late) is None
        assert await pipeline.payment_ledger.record(attempt, late) is None
        assert await refunds(pipeline) == [("late", "owed", 2_000)]
    await clear_up(pipeline)
    assert await refunds(pipeline) == [("late", "done", 2_000)]
    assert await money_kept(pipeline, held.id) == 0
    assert (await pipeline.booking(held.id)).status is BookingStatus.PENDING_PAYMENT
    await pipeline.pay.execute(buyer, held.id, CARD)
    await pipeline.settle()
    assert await money_kept(pipeline, held.id) == 2_000
    assert await pipeline.differences(held.event_id) == []


async def test_money_for_a_booking_that_waits_no_longer_goes_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.gateway.authorize(attempt.id, amount=2_000, currency="USD", card_number=CARD)
    outcome = await pipeline.gateway.capture(attempt.id)
    assert isinstance(outcome, Captured)
    # Which no use case does: the attempt keeps them all from it.
    await pipeline.pool.execute(
        "UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer' WHERE id = $1", held.id
    )
    recorded = await pipeline.payment_ledger.record(attempt, outcome)
    assert recorded is not None
    assert recorded.status is BookingStatus.CANCELLED
    await clear_up(pipeline)
    assert await refunds(pipeline) == [("not_payable", "done", 2_000)]
    assert await money_kept(pipeline, held.id) == 0


async def test_a_paid_booking_without_its_tickets_fails_and_its_money_goes_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    await pipeline.pool.execute(
        "DELETE FROM booking_ticket WHERE ticket_id = (SELECT min(ticket_id) FROM booking_ticket)"
    )
    with pytest.raises(BookingNotPayableError) as refusal:
        await pipeline.pay.execute(buyer, held.id, CARD)
    assert refusal.value.details == {"status": "failed"}
    failed = await pipeline.booking(held.id)
    assert (failed.status, failed.failure_reason) == (BookingStatus.FAILED, "tickets_missing")
    assert failed.payment_id is not None
    # All of it in the one transaction that found it.
    assert await refunds(pipeline) == [("tickets_missing", "owed", 2_000)]
    assert await pipeline.pool.fetchval("SELECT load_owed FROM event WHERE id = $1", held.event_id)

    await clear_up(pipeline)
    assert await money_kept(pipeline, held.id) == 0
    assert await pipeline.load.execute(held.event_id)
    await pipeline.settle()
    assert await pipeline.differences(held.event_id) == []
    taken = "SELECT count(*) FROM ticket WHERE status <> 'available'"
    assert await pipeline.pool.fetchval(taken) == 0


async def test_verification_tells_of_money_that_is_neither_kept_for_tickets_nor_handed_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    await pipeline.pool.execute("DELETE FROM booking_ticket")
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    await pipeline.load.execute(held.event_id)
    assert await pipeline.differences(held.event_id) == []
    await pipeline.pool.execute("UPDATE payment_refund SET amount = 1")
    assert len(await pipeline.differences(held.event_id)) == 1
    await pipeline.pool.execute("DELETE FROM payment_refund")
    assert len(await pipeline.differences(held.event_id)) == 2


async def test_verification_tells_of_tickets_that_are_kept_when_their_money_goes_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    await pipeline.pay.execute(buyer, held.id, CARD)
    await pipeline.settle()
    paid = await pipeline.booking(held.id)
    await pipeline.unit_of_work.run(
        lambda transaction: hand_back(transaction, paid, RefundReason.TICKETS_MISSING)
    )
    assert len(await pipeline.differences(held.event_id)) == 1


async def test_what_is_under_way_is_looked_at_again(
    pipeline: Pipeline,
    buyer: Principal,
    held: Booking,
    given_up: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(find_stray_payments_use_case, "OVERLAP", timedelta(0))
    monkeypatch.setattr(find_stray_payments_use_case, "PAGE_COUNT_MAX", 2)
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await _take_behind_our_back(pipeline, attempt.id, "pay_1")
    await _take_behind_our_back(pipeline, attempt.id, "pay_2")
    for number in range(3):
        await _take_behind_our_back(pipeline, given_up, f"pay_stray_{number}", amount=1)
    for _ in range(2):
        while await pipeline.find_stray_payments.execute():
            pass
        assert await refunds(pipeline) == [("late", "owed", 1)] * 3
    await pipeline.payment_ledger.record(attempt, Captured("pay_1"))
    while await pipeline.find_stray_payments.execute():
        pass
    assert (await refunds(pipeline))[-1] == ("doubled", "owed", 2_000)
    swept_to = await pipeline.pool.fetchval("SELECT swept_to FROM gateway_sweep")
    latest = await pipeline.pool.fetchval("SELECT max(taken_at) FROM mock_gateway_payment")
    assert swept_to == latest


async def test_a_refund_is_tried_again_and_less_often_until_it_is_done(
    pipeline: Pipeline, given_up: UUID
) -> None:
    await _take_behind_our_back(pipeline, given_up)
    await pipeline.find_stray_payments.execute()
    dead = paying_through(
        pipeline, DyingGateway(pipeline.gateway, "refund", GatewayTimeoutError(), "after")
    )
    assert await dead.refund_payments.execute() == 1
    assert await dead.refund_payments.execute() == 0, "it is not due again at once"
    waits = "SELECT extract(epoch FROM next_try_at - now()) FROM payment_refund"
    first = await pipeline.pool.fetchval(waits)
    rounds_of_calls = ceil(BATCH_COUNT_MAX / AT_ONCE_MAX)
    assert first > rounds_of_calls * GatewayPatience().refund_seconds_max, "others wait for these"
    await make_refunds_due(pipeline)
    away = DyingGateway(pipeline.gateway, "refund", UnavailableError("payment-gateway"), "before")
    with pytest.raises(ExceptionGroup):
        await paying_through(pipeline, away).refund_payments.execute()
    assert await pipeline.pool.fetchval(waits) > first * 3 / 2
    await make_refunds_due(pipeline)
    assert await pipeline.refund_payments.execute() == 1
    assert await refunds(pipeline) == [("late", "done", 2_000)]
    assert await pipeline.pool.fetchval("SELECT count(*) FROM mock_gateway_refund") == 1


async def test_a_refund_that_is_refused_stays_owed_and_is_told(
    pipeline: Pipeline, given_up: UUID
) -> None:
    await _take_behind_our_back(pipeline, given_up)
    await _take_behind_our_back(pipeline, given_up, "pay_good", amount=5)
    await pipeline.find_stray_payments.execute()
    await pipeline.pool.execute("UPDATE mock_gateway_payment SET amount = 1 WHERE amount = 2000")
    with pytest.raises(ExceptionGroup) as failures:
        await pipeline.refund_payments.execute()
    assert failures.group_contains(RefundRefusedError)
    assert sorted(await refunds(pipeline)) == [("late", "done", 5), ("late", "owed", 2_000)]


async def test_workers_side_by_side_give_each_payment_back_once(
    pipeline: Pipeline, given_up: UUID
) -> None:
    refund_count = 3 * BATCH_COUNT_MAX
    for number in range(refund_count):
        await _take_behind_our_back(pipeline, given_up, f"pay_{number}")
    await asyncio.gather(*(pipeline.find_stray_payments.execute() for _ in range(3)))
    counts = await asyncio.gather(*(pipeline.refund_payments.execute() for _ in range(3)))
    assert sum(counts) == refund_count
    assert await refunds(pipeline) == [("late", "done", 2_000)] * refund_count


async def test_an_orphan_that_two_workers_settle_is_completed_once(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.gateway.authorize(attempt.id, amount=2_000, currency="USD", card_number=CARD)
    await pipeline.payment_ledger.record_authorized(attempt)
    await orphan_attempts(pipeline)
    other = paying_through(pipeline, pipeline.gateway)
    await asyncio.gather(pipeline.settle_payments.execute(), other.settle_payments.execute())
    assert await times_taken(pipeline, held.id) == 1
    assert (await pipeline.booking(held.id)).status is BookingStatus.COMPLETED
    await pipeline.settle()
    assert await pipeline.differences(held.event_id) == []
