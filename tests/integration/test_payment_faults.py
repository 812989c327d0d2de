"""Slow, dying and doubling gateways: money leads to tickets once, or goes back."""

from itertools import product
from typing import Literal

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Captured,
    GatewayTimeoutError,
    Voided,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    PaymentDeclinedError,
    PaymentInProgressError,
    PaymentUnknownError,
    TicketingError,
)
from onsale.service.ticketing.driven_adapter.payment.bounded_payment_gateway import (
    BoundedPaymentGateway,
    GatewayPatience,
)
from onsale.service.ticketing.driven_adapter.payment.card_numbers import (
    DECLINED_CARDS,
    DOUBLED_CARD,
    LAPSED_CARD,
    UNANSWERED_CARD,
    UNREACHED_CARD,
)
from tests.support.faulty_gateways import Call, DyingGateway, LateGateway, OvertakenGateway
from tests.support.money import (
    CARD,
    clear_up,
    money_kept,
    orphan_attempts,
    paying_through,
    refunds,
    times_taken,
)
from tests.support.pipeline import Pipeline

IMPATIENT_SECONDS = 0.05


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


@pytest.fixture
async def event(pipeline: Pipeline) -> Event:
    return await pipeline.open_event()


@pytest.fixture
async def held(pipeline: Pipeline, buyer: Principal, event: Event) -> Booking:
    """Two seats at 1,000 cents."""
    return await pipeline.hold(buyer, event, "1-1", "1-2")


async def _is_sold_once(pipeline: Pipeline, booking: Booking) -> None:
    await pipeline.settle()
    assert (await pipeline.booking(booking.id)).status is BookingStatus.COMPLETED
    assert await money_kept(pipeline, booking.id) == 2_000
    assert await pipeline.differences(booking.event_id) == []


async def test_an_authorization_that_arrives_late_finds_its_key_voided(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    gateway = LateGateway(pipeline.gateway, "authorize")
    patience = GatewayPatience(authorize_seconds_max=IMPATIENT_SECONDS)
    slow = paying_through(pipeline, BoundedPaymentGateway(gateway, patience))
    with pytest.raises(PaymentUnknownError):
        await slow.pay.execute(buyer, held.id, CARD)
    with pytest.raises(PaymentInProgressError):
        await pipeline.cancel.execute(buyer, held.id)
    await clear_up(pipeline)
    assert await gateway.arrive() == [Voided()]
    assert await times_taken(pipeline, held.id) == 0
    assert (await pipeline.booking(held.id)).status is BookingStatus.PENDING_PAYMENT

    await pipeline.pay.execute(buyer, held.id, CARD)
    await _is_sold_once(pipeline, held)


async def test_a_capture_that_arrives_late_moves_nothing_more(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    gateway = LateGateway(pipeline.gateway, "capture")
    patience = GatewayPatience(capture_seconds_max=IMPATIENT_SECONDS)
    slow = paying_through(pipeline, BoundedPaymentGateway(gateway, patience))
    with pytest.raises(PaymentUnknownError):
        await slow.pay.execute(buyer, held.id, CARD)
    # Its process is taken for dead: authorized and wanted, so the reconciler captures.
    await clear_up(pipeline)
    assert (await pipeline.booking(held.id)).status is BookingStatus.COMPLETED
    (late,) = await gateway.arrive()
    assert late == Captured((await pipeline.booking(held.id)).payment_id or "")
    assert await times_taken(pipeline, held.id) == 1
    await _is_sold_once(pipeline, held)


async def test_a_payment_given_up_while_its_process_slept_is_not_captured(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    async def give_up() -> None:
        await orphan_attempts(pipeline)
        assert await pipeline.settle_payments.execute() == 1

    slept = paying_through(pipeline, OvertakenGateway(pipeline.gateway, "authorize", give_up))
    with pytest.raises(UnavailableError):
        await slept.pay.execute(buyer, held.id, CARD)
    assert await times_taken(pipeline, held.id) == 0
    await pipeline.pay.execute(buyer, held.id, CARD)
    await _is_sold_once(pipeline, held)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_payment_captured_while_its_process_slept_is_completed_once(
    pipeline: Pipeline, buyer: Principal, held: Booking, when: Literal["before", "after"]
) -> None:
    async def take_over() -> None:
        await orphan_attempts(pipeline)
        assert await pipeline.settle_payments.execute() == 1

    slept = paying_through(pipeline, OvertakenGateway(pipeline.gateway, "capture", take_over, when))
    assert (await slept.pay.execute(buyer, held.id, CARD)).status is BookingStatus.COMPLETED
    assert await times_taken(pipeline, held.id) == 1
    await _is_sold_once(pipeline, held)


@pytest.mark.parametrize("error", [GatewayTimeoutError(), UnavailableError("payment-gateway")])
@pytest.mark.parametrize("death", list(product(["authorize", "capture"], ["before", "after"])))
async def test_a_gateway_that_dies_charges_once_for_a_key(
    pipeline: Pipeline,
    buyer: Principal,
    held: Booking,
    death: tuple[Call, Literal["before", "after"]],
    error: Exception,
) -> None:
    dying, when = death
    dead = paying_through(pipeline, DyingGateway(pipeline.gateway, dying, error, when))
    with pytest.raises((PaymentUnknownError, UnavailableError)):
        await dead.pay.execute(buyer, held.id, CARD, "key")
    with pytest.raises(PaymentInProgressError):
        await pipeline.pay.execute(buyer, held.id, CARD, "key")
    await clear_up(pipeline)
    paid = await pipeline.pay.execute(buyer, held.id, CARD, "key")
    assert paid.status is BookingStatus.COMPLETED
    assert await times_taken(pipeline, held.id) == 1
    await _is_sold_once(pipeline, held)


@pytest.mark.parametrize("dying", ["settle", "payments_since", "refund"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_gateway_that_dies_while_it_is_asked_later_is_asked_again(
    pipeline: Pipeline,
    buyer: Principal,
    held: Booking,
    dying: Call,
    when: Literal["before", "after"],
) -> None:
    with pytest.raises(PaymentUnknownError):
        await pipeline.pay.execute(buyer, held.id, UNREACHED_CARD)
    error = GatewayTimeoutError()
    dead = paying_through(pipeline, DyingGateway(pipeline.gateway, dying, error, when))
    if dying == "payments_since":
        with pytest.raises(UnavailableError):
            await clear_up(dead)
    await clear_up(dead)
    await clear_up(dead)
    await dead.pay.execute(buyer, held.id, DOUBLED_CARD)
    await clear_up(dead)
    await clear_up(dead)
    assert await refunds(pipeline) == [("doubled", "done", 2_000)]
    await _is_sold_once(pipeline, held)


async def test_the_second_payment_of_a_doubling_gateway_is_handed_back(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    paid = await pipeline.pay.execute(buyer, held.id, DOUBLED_CARD)
    assert await times_taken(pipeline, held.id) == 2
    await clear_up(pipeline)
    await clear_up(pipeline)
    assert await refunds(pipeline) == [("doubled", "done", 2_000)]
    assert (await pipeline.booking(held.id)).payment_id == paid.payment_id
    await _is_sold_once(pipeline, held)


async def test_an_unanswered_payment_is_taken_up_by_the_reconciler(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    with pytest.raises(PaymentUnknownError):
        await pipeline.pay.execute(buyer, held.id, UNANSWERED_CARD)
    await clear_up(pipeline)
    assert await refunds(pipeline) == []
    await _is_sold_once(pipeline, held)


@pytest.mark.parametrize(
    ("card_number", "reason"),
    [*DECLINED_CARDS.items(), (LAPSED_CARD, "authorization_expired")],
)
async def test_a_declined_card_says_why_and_leaves_the_hold(
    pipeline: Pipeline, buyer: Principal, held: Booking, card_number: str, reason: str
) -> None:
    with pytest.raises(PaymentDeclinedError) as refusal:
        await pipeline.pay.execute(buyer, held.id, card_number)
    assert refusal.value.details == {"decline_reason": reason}
    assert await pipeline.booking(held.id) == held
    await pipeline.pay.execute(buyer, held.id, CARD)
    await _is_sold_once(pipeline, held)


async def test_an_authorization_whose_booking_is_gone_is_voided(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.gateway.authorize(attempt.id, amount=2_000, currency="USD", card_number=CARD)
    assert await pipeline.payment_ledger.record_authorized(attempt)
    # Which no use case does: the attempt keeps them all from it.
    await pipeline.pool.execute(
        "UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer' WHERE id = $1", held.id
    )
    await clear_up(pipeline)
    stands = await pipeline.payment_ledger.as_it_stands(attempt)
    assert stands.status.value == "voided"
    assert await times_taken(pipeline, held.id) == 0


async def test_a_hold_outlives_its_time_while_its_authorization_is_under_way(
    pipeline: Pipeline, buyer: Principal, held: Booking
) -> None:
    async def try_to_end_the_hold() -> None:
        await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
        assert await pipeline.expire.execute() == 0
        with pytest.raises(TicketingError):
            await pipeline.cancel.execute(buyer, held.id)

    gateway = OvertakenGateway(pipeline.gateway, "capture", try_to_end_the_hold, "before")
    paid = await paying_through(pipeline, gateway).pay.execute(buyer, held.id, CARD)
    assert paid.status is BookingStatus.COMPLETED
    await _is_sold_once(pipeline, held)
