"""What every payment gateway promises: one key moves money at most once, and never once voided."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Authorized,
    AuthorizeOutcome,
    Captured,
    Declined,
    GatewayPayment,
    GatewayTimeoutError,
    IPaymentGateway,
    RefundRefusedError,
    Voided,
)
from onsale.service.ticketing.driven_adapter.payment.card_numbers import (
    DECLINED_CARDS,
    DOUBLED_CARD,
    LAPSED_CARD,
    UNANSWERED_CARD,
    UNREACHED_CARD,
)

CARD = "4242424242424242"
LONG_AGO = datetime.fromtimestamp(0, UTC)


async def authorize(
    gateway: IPaymentGateway, key: UUID, card_number: str = CARD, amount: int = 1_000
) -> AuthorizeOutcome:
    return await gateway.authorize(key, amount=amount, currency="USD", card_number=card_number)


async def taken(gateway: IPaymentGateway) -> list[GatewayPayment]:
    return list(await gateway.payments_since(LONG_AGO, limit=100))


async def test_an_authorization_moves_no_money_and_a_capture_does(gateway: IPaymentGateway) -> None:
    key = uuid4()
    assert await authorize(gateway, key) == Authorized()
    assert await taken(gateway) == []
    captured = await gateway.capture(key)
    assert isinstance(captured, Captured)
    (payment,) = await taken(gateway)
    assert (payment.payment_id, payment.key, payment.amount) == (captured.payment_id, key, 1_000)


async def test_what_is_repeated_moves_money_once(gateway: IPaymentGateway) -> None:
    key = uuid4()
    outcomes = [await authorize(gateway, key) for _ in range(2)]
    captures = [await gateway.capture(key) for _ in range(2)]
    late = await authorize(gateway, key)
    settled = await gateway.settle(key)
    assert {*outcomes, late} == {Authorized()}
    assert captures[0] == captures[1] == settled
    assert len(await taken(gateway)) == 1


async def test_what_is_asked_at_once_moves_money_once(gateway: IPaymentGateway) -> None:
    key = uuid4()
    await asyncio.gather(*(authorize(gateway, key) for _ in range(4)))
    outcomes = await asyncio.gather(*(gateway.capture(key) for _ in range(4)))
    assert len(set(outcomes)) == 1
    assert len(await taken(gateway)) == 1


@pytest.mark.parametrize("card_number", DECLINED_CARDS)
async def test_a_declined_card_is_declined_for_good_with_its_reason(
    gateway: IPaymentGateway, card_number: str
) -> None:
    key, declined = uuid4(), Declined(DECLINED_CARDS[card_number])
    assert await authorize(gateway, key, card_number) == declined
    assert await authorize(gateway, key) == declined
    assert await gateway.capture(key) == declined
    assert await gateway.settle(key) == declined
    assert await taken(gateway) == []


async def test_a_lapsed_authorization_is_declined_when_it_is_captured(
    gateway: IPaymentGateway,
) -> None:
    key = uuid4()
    assert await authorize(gateway, key, LAPSED_CARD) == Authorized()
    outcome = await gateway.capture(key)
    assert isinstance(outcome, Declined)
    assert await gateway.settle(key) == outcome
    assert await taken(gateway) == []


async def test_a_key_that_never_came_is_voided_for_good(gateway: IPaymentGateway) -> None:
    key = uuid4()
    assert await gateway.settle(key) == Voided()
    assert await authorize(gateway, key) == Voided()
    assert await gateway.capture(key) == Voided()
    assert await taken(gateway) == []


async def test_an_authorization_that_is_not_wanted_is_voided_for_good(
    gateway: IPaymentGateway,
) -> None:
    key = uuid4()
    await authorize(gateway, key)
    assert await gateway.settle(key) == Voided()
    assert await gateway.capture(key) == Voided()
    assert await authorize(gateway, key) == Voided()
    assert await taken(gateway) == []


async def test_what_was_never_authorized_is_not_captured_later_either(
    gateway: IPaymentGateway,
) -> None:
    key = uuid4()
    assert await gateway.capture(key) == Voided()
    assert await authorize(gateway, key) == Voided()
    assert await taken(gateway) == []


async def test_of_settle_and_capture_at_once_both_say_the_same(gateway: IPaymentGateway) -> None:
    for _ in range(5):
        key = uuid4()
        await authorize(gateway, key)
        settled, captured = await asyncio.gather(gateway.settle(key), gateway.capture(key))
        assert settled == captured
        is_taken = any(payment.key == key for payment in await taken(gateway))
        assert is_taken == isinstance(captured, Captured)


async def test_an_unanswered_capture_has_moved_the_money(gateway: IPaymentGateway) -> None:
    key = uuid4()
    await authorize(gateway, key, UNANSWERED_CARD)
    with pytest.raises(GatewayTimeoutError):
        await gateway.capture(key)
    (payment,) = await taken(gateway)
    assert await gateway.settle(key) == Captured(payment.payment_id)
    assert await gateway.capture(key) == Captured(payment.payment_id)


async def test_an_authorization_that_was_never_reached_leaves_nothing(
    gateway: IPaymentGateway,
) -> None:
    key = uuid4()
    with pytest.raises(GatewayTimeoutError):
        await authorize(gateway, key, UNREACHED_CARD)
    assert await gateway.settle(key) == Voided()


async def test_a_payment_is_given_back_once_whoever_repeats_it(gateway: IPaymentGateway) -> None:
    key, refund = uuid4(), uuid4()
    await authorize(gateway, key)
    captured = await gateway.capture(key)
    assert isinstance(captured, Captured)
    for _ in range(2):
        await gateway.refund(refund, payment_id=captured.payment_id, amount=1_000)
    with pytest.raises(RefundRefusedError):
        await gateway.refund(uuid4(), payment_id=captured.payment_id, amount=1_000)
    with pytest.raises(RefundRefusedError):
        await gateway.refund(refund, payment_id="another", amount=1_000)


@pytest.mark.parametrize("amount", [999, 1_001])
async def test_another_amount_than_was_taken_is_not_given_back(
    gateway: IPaymentGateway, amount: int
) -> None:
    key = uuid4()
    await authorize(gateway, key)
    captured = await gateway.capture(key)
    assert isinstance(captured, Captured)
    with pytest.raises(RefundRefusedError):
        await gateway.refund(uuid4(), payment_id=captured.payment_id, amount=amount)
    with pytest.raises(RefundRefusedError):
        await gateway.refund(uuid4(), payment_id="nobody's", amount=1_000)


async def test_payments_are_listed_page_by_page_in_the_order_they_were_taken(
    gateway: IPaymentGateway,
) -> None:
    for number, card_number in enumerate([CARD, DOUBLED_CARD, CARD]):
        key = uuid4()
        await authorize(gateway, key, card_number, amount=number)
        await gateway.capture(key)
    everything = await taken(gateway)
    assert [payment.amount for payment in everything] == [0, 1, 1, 2]
    assert len({payment.payment_id for payment in everything}) == 4
    assert len({payment.key for payment in everything}) == 3

    moment, after, pages = LONG_AGO, "", []
    while page := await gateway.payments_since(moment, after=after, limit=2):
        pages.append(page)
        moment, after = page[-1].taken_at, page[-1].payment_id
    assert [payment for page in pages for payment in page] == everything
    assert [len(page) for page in pages] == [2, 2]
    # From a moment on, itself included.
    assert list(await gateway.payments_since(everything[0].taken_at, limit=9)) == everything
    later = everything[-1].taken_at + timedelta(microseconds=1)
    assert list(await gateway.payments_since(later, limit=9)) == []
