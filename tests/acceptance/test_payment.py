"""Money: taken once, for seats that are held, whatever the gateway and the buyer do."""

import asyncio

import asyncpg

from tests.support.onsale_up import CARD_NUMBER, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller, check_problem

DECLINED_CARD = "4000 0000 0000 0002"
DOUBLED_CARD = "4000 0000 0000 0424"
UNANSWERED_CARD = "4000 0000 0000 0341"
# A gateway that does not answer is given up after 10 s, and asked again some seconds later.
SETTLE_SECONDS_MAX = 45.0


async def test_a_declined_card_leaves_the_hold(buyer: Buyer, event_id: int) -> None:
    held = await buyer.hold(event_id)
    check_problem(await buyer.pay(held["id"], DECLINED_CARD), 402, "PAYMENT_DECLINED")
    assert (await buyer.booking(held["id"]))["status"] == "pending_payment"
    assert (await buyer.pay(held["id"])).status_code == 200


async def test_a_payment_whose_outcome_is_unknown_keeps_its_seats_until_it_is_settled(
    buyer: Buyer, seller: Seller, system: OnsaleUp
) -> None:
    # A hold far shorter than the settling: it must not end while money may have moved.
    event_id = await seller.open_event(hold_seconds=5)
    held = await buyer.hold(event_id, "1-1")
    check_problem(await buyer.pay(held["id"], UNANSWERED_CARD), 504, "PAYMENT_UNKNOWN")
    check_problem(await buyer.cancel(held["id"]), 409, "PAYMENT_IN_PROGRESS")
    check_problem(await buyer.pay(held["id"]), 409, "PAYMENT_IN_PROGRESS")
    settled = await wait_for(
        lambda: buyer.booking(held["id"]),
        # Paid it is for a moment, until the seats are sold.
        lambda booking: booking["status"] not in {"pending_payment", "paid"},
        seconds_max=SETTLE_SECONDS_MAX,
        poll_seconds=0.5,
    )
    assert settled["status"] == "completed"
    system.verify(event_id)


async def test_a_payment_sent_again_with_its_key_is_one_payment(
    buyer: Buyer, event_id: int, system: OnsaleUp
) -> None:
    held = await buyer.hold(event_id)
    declined = await buyer.pay(held["id"], DECLINED_CARD, key="first")
    check_problem(declined, 402, "PAYMENT_DECLINED")
    assert declined.json()["decline_reason"] == "card_declined"
    check_problem(await buyer.pay(held["id"], key="first"), 422, "IDEMPOTENCY_KEY_REUSED")
    answers = await asyncio.gather(*(buyer.pay(held["id"], key="second") for _ in range(10)))
    paid = [answer.json() for answer in answers if answer.status_code == 200]
    assert paid
    assert all(one == paid[0] for one in paid)
    assert {one.json()["code"] for one in answers if one.is_error} <= {"PAYMENT_IN_PROGRESS"}
    assert (await buyer.pay(held["id"], key="second")).json() == paid[0]
    again = await buyer.pay(held["id"], DECLINED_CARD, key="first")
    check_problem(again, 402, "PAYMENT_DECLINED")
    system.verify(event_id)


async def test_money_that_a_doubling_gateway_took_too_much_is_handed_back(
    buyer: Buyer, event_id: int, system: OnsaleUp
) -> None:
    held = await buyer.hold(event_id)
    paid = (await buyer.pay(held["id"], DOUBLED_CARD)).json()
    database = await asyncpg.connect(system.settings["ONSALE_DATABASE_URL"])
    try:
        kept = await wait_for(
            lambda: database.fetch(
                "SELECT payment_id FROM mock_gateway_payment AS payment"
                " WHERE starts_with(payment_id, $1) AND NOT EXISTS ("
                "SELECT FROM mock_gateway_refund WHERE payment_id = payment.payment_id)",
                paid["payment_id"],
            ),
            lambda rows: len(rows) < 2,
            seconds_max=SETTLE_SECONDS_MAX,
            poll_seconds=0.5,
        )
    finally:
        await database.close()
    assert [row["payment_id"] for row in kept] == [paid["payment_id"]]
    system.verify(event_id)


async def test_paid_and_cancelled_bookings_are_over(buyer: Buyer, event_id: int) -> None:
    paid = await buyer.hold(event_id)
    assert (await buyer.pay(paid["id"])).status_code == 200
    check_problem(await buyer.pay(paid["id"]), 409, "BOOKING_NOT_PAYABLE")
    check_problem(await buyer.cancel(paid["id"]), 409, "BOOKING_NOT_CANCELLABLE")
    cancelled = await buyer.hold(event_id)
    assert (await buyer.cancel(cancelled["id"])).status_code == 200
    check_problem(await buyer.cancel(cancelled["id"]), 409, "BOOKING_NOT_CANCELLABLE")
    check_problem(await buyer.pay(cancelled["id"]), 409, "BOOKING_NOT_PAYABLE")


async def test_of_many_payments_at_once_one_is_taken(
    buyer: Buyer, event_id: int, system: OnsaleUp
) -> None:
    held = await buyer.hold(event_id, quantity=4)
    answers = await asyncio.gather(*(buyer.pay(held["id"]) for _ in range(20)))
    taken = [answer for answer in answers if answer.status_code == 200]
    assert len(taken) == 1
    refusals = {answer.json()["code"] for answer in answers if answer.is_error}
    assert refusals <= {"PAYMENT_IN_PROGRESS", "BOOKING_NOT_PAYABLE"}
    assert (await buyer.booking(held["id"]))["paid_at"] == taken[0].json()["paid_at"]
    system.verify(event_id)


async def test_paying_and_cancelling_at_once_has_one_winner(
    buyer: Buyer, event_id: int, system: OnsaleUp
) -> None:
    held = [await buyer.hold(event_id) for _ in range(20)]
    answers = await asyncio.gather(
        *(
            answer
            for booking in held
            for answer in (buyer.pay(booking["id"], CARD_NUMBER), buyer.cancel(booking["id"]))
        )
    )
    for booking, paid, cancelled in zip(held, answers[::2], answers[1::2], strict=True):
        assert {paid.status_code, cancelled.status_code} == {200, 409}, (paid.text, cancelled.text)
        final = "completed" if paid.status_code == 200 else "cancelled"
        assert (await buyer.booking(booking["id"]))["status"] == final
    system.verify(event_id)
