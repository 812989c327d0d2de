"""The process dies before and after every call of a use case; nothing is lost or doubled."""

from contextlib import suppress

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import PaymentInProgressError, TicketingError
from onsale.service.ticketing.driven_adapter.payment.card_numbers import DOUBLED_CARD
from tests.support.crash_stage import (
    PRICE,
    Stage,
    crash_everywhere,
    everything_else_goes_on,
    is_sold_or_free_of_charge,
)
from tests.support.money import CARD, clear_up, money_kept, orphan_attempts, times_taken
from tests.support.pipeline import Pipeline


@pytest.fixture
async def stage(pipeline: Pipeline) -> Stage:
    event = await pipeline.open_event(rows=20, seats_per_row=20)
    return Stage(pipeline, event, await pipeline.user(UserRole.BUYER))


async def test_booking_with_a_key_makes_one_booking_wherever_the_process_dies(stage: Stage) -> None:
    async def prepare(stage: Stage) -> None:
        stage.booking = None

    async def book(stage: Stage, pipeline: Pipeline, key: str) -> None:
        await pipeline.book(stage.buyer, stage.event, quantity=2, key=key)

    async def afterwards(stage: Stage, key: str) -> None:
        pipeline = stage.pipeline
        stage.booking = await pipeline.book(stage.buyer, stage.event, quantity=2, key=key)
        await everything_else_goes_on(stage)
        assert (await stage.now()).status is BookingStatus.PENDING_PAYMENT
        count = "SELECT count(*) FROM booking WHERE idempotency_key = $1"
        assert await pipeline.pool.fetchval(count, key) == 1

    points = await crash_everywhere(stage, prepare, book, afterwards)
    assert "after intake.add" in points


async def test_paying_with_a_key_charges_once_wherever_the_process_dies(stage: Stage) -> None:
    async def pay(stage: Stage, pipeline: Pipeline, key: str) -> None:
        await pipeline.pay.execute(stage.buyer, stage.booked.id, CARD, key)

    async def afterwards(stage: Stage, key: str) -> None:
        # The client is back before anything else has happened: it is charged no second time.
        with suppress(PaymentInProgressError, UnavailableError):
            await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, CARD, key)
        await everything_else_goes_on(stage)
        await is_sold_or_free_of_charge(stage)
        again = await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, CARD, key)
        assert again.status is BookingStatus.COMPLETED
        await stage.pipeline.settle()
        await is_sold_or_free_of_charge(stage)

    points = await crash_everywhere(stage, Stage.hold, pay, afterwards)
    for name in ("gateway.authorize", "gateway.capture", "commands.post", "notices.publish"):
        assert f"before {name}" in points
        assert f"after {name}" in points


async def test_paying_without_a_key_charges_once_wherever_the_process_dies(stage: Stage) -> None:
    async def pay(stage: Stage, pipeline: Pipeline, _key: str) -> None:
        await pipeline.pay.execute(stage.buyer, stage.booked.id, CARD)

    async def afterwards(stage: Stage, _key: str) -> None:
        with suppress(TicketingError):
            await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, CARD)
        await everything_else_goes_on(stage)
        await is_sold_or_free_of_charge(stage)
        if (await stage.now()).status is BookingStatus.PENDING_PAYMENT:
            await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, CARD)
            await stage.pipeline.settle()
        await is_sold_or_free_of_charge(stage)
        assert (await stage.now()).status is BookingStatus.COMPLETED

    await crash_everywhere(stage, Stage.hold, pay, afterwards)


async def test_a_cancelled_booking_is_over_wherever_the_process_dies(stage: Stage) -> None:
    async def cancel(stage: Stage, pipeline: Pipeline, _key: str) -> None:
        await pipeline.cancel.execute(stage.buyer, stage.booked.id)

    async def afterwards(stage: Stage, _key: str) -> None:
        with suppress(TicketingError):
            await stage.pipeline.cancel.execute(stage.buyer, stage.booked.id)
        await everything_else_goes_on(stage)
        assert (await stage.now()).status is BookingStatus.CANCELLED
        assert (await stage.now()).command is None

    await crash_everywhere(stage, Stage.hold, cancel, afterwards)


async def test_an_expired_hold_is_released_wherever_the_process_dies(stage: Stage) -> None:
    async def prepare(stage: Stage) -> None:
        await stage.hold()
        await stage.pipeline.pool.execute(
            "UPDATE booking SET expires_at = now() - interval '1 second' WHERE id = $1",
            stage.booked.id,
        )

    async def expire(stage: Stage, pipeline: Pipeline, _key: str) -> None:
        assert await pipeline.expire.execute() == 1

    async def afterwards(stage: Stage, _key: str) -> None:
        await stage.pipeline.expire.execute()
        await everything_else_goes_on(stage)
        assert (await stage.now()).status is BookingStatus.CANCELLED
        assert (await stage.now()).command is None

    await crash_everywhere(stage, prepare, expire, afterwards)


async def test_the_reconciler_finishes_a_payment_wherever_it_dies_itself(stage: Stage) -> None:
    async def prepare(stage: Stage) -> None:
        await stage.hold()
        pipeline = stage.pipeline
        attempt = await pipeline.pay._open_attempt(stage.buyer, stage.booked.id)
        await pipeline.gateway.authorize(attempt.id, amount=PRICE, currency="USD", card_number=CARD)
        assert await pipeline.payment_ledger.record_authorized(attempt)
        await orphan_attempts(pipeline)

    async def settle(_stage: Stage, pipeline: Pipeline, _key: str) -> None:
        assert await pipeline.settle_payments.execute() == 1

    async def afterwards(stage: Stage, _key: str) -> None:
        await everything_else_goes_on(stage)
        await is_sold_or_free_of_charge(stage)
        assert (await stage.now()).status is BookingStatus.COMPLETED

    await crash_everywhere(stage, prepare, settle, afterwards)


async def test_money_is_handed_back_once_wherever_the_process_dies(stage: Stage) -> None:
    async def prepare(stage: Stage) -> None:
        await stage.hold()
        await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, DOUBLED_CARD)

    async def hand_back(_stage: Stage, pipeline: Pipeline, _key: str) -> None:
        await pipeline.find_stray_payments.execute()
        assert await pipeline.refund_payments.execute() == 1

    async def afterwards(stage: Stage, _key: str) -> None:
        await everything_else_goes_on(stage)
        await clear_up(stage.pipeline)
        assert await times_taken(stage.pipeline, stage.booked.id) == 2
        assert await money_kept(stage.pipeline, stage.booked.id) == PRICE
        owed = "SELECT count(*) FROM payment_refund WHERE status = 'owed'"
        assert await stage.pipeline.pool.fetchval(owed) == 0

    await crash_everywhere(stage, prepare, hand_back, afterwards)


async def test_a_payment_without_tickets_is_handed_back_wherever_the_process_dies(
    stage: Stage,
) -> None:
    async def prepare(stage: Stage) -> None:
        stage.pipeline.catalog.forget(stage.event.id)
        await stage.hold()
        await stage.pipeline.pool.execute(
            "DELETE FROM booking_ticket WHERE ticket_id ="
            " (SELECT min(ticket_id) FROM booking_ticket WHERE booking_id = $1)",
            stage.booked.id,
        )

    async def pay(stage: Stage, pipeline: Pipeline, key: str) -> None:
        with suppress(TicketingError):
            await pipeline.pay.execute(stage.buyer, stage.booked.id, CARD, key)

    async def afterwards(stage: Stage, key: str) -> None:
        await everything_else_goes_on(stage)
        for _ in range(2):
            with pytest.raises(TicketingError):
                await stage.pipeline.pay.execute(stage.buyer, stage.booked.id, CARD, key)
        await clear_up(stage.pipeline)
        await stage.pipeline.load.execute(stage.event.id)
        await everything_else_goes_on(stage)
        assert (await stage.now()).failure_reason == "tickets_missing"
        assert await money_kept(stage.pipeline, stage.booked.id) == 0
        assert await times_taken(stage.pipeline, stage.booked.id) == 1

    await crash_everywhere(stage, prepare, pay, afterwards)
