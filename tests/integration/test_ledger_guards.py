"""PostgreSQL alone refuses to sell a seat twice, however wrong or repeated what it is told.

Each guard has a negative control: with the guard taken away, the harm is seen to happen.
"""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from onsale.service.shared_kernel.seat_messages import SeatsReserved
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    SEAT_TAKEN,
    ApplySeatResultsUseCase,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    EventTerms,
    ITicketingTransaction,
    TicketClaim,
)
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
    OwedCommand,
)
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    BookingNotPayableError,
    EventNotOnSaleError,
    HoldExpiredError,
    IdempotencyKeyReusedError,
    PaymentInProgressError,
    TicketingError,
)
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


async def _lying_result(
    pipeline: Pipeline, event: Event, *seats: str
) -> tuple[Booking, SeatsReserved]:
    """A new booking, and a result that gives it seats whoever has them."""
    buyer = await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, quantity=len(seats))
    (command,) = await pipeline.commands()
    result = SeatsReserved(
        booking_id=booking.id,
        event_id=event.id,
        section="A",
        subsection=1,
        epoch=command.epoch,
        seq=command.seq,
        positions=seats,
    )
    return booking, result


async def test_a_booking_whose_seat_is_anothers_fails_alone(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    first = await pipeline.hold(buyer, event, "1-1", "1-2")
    thief, lie = await _lying_result(pipeline, event, "1-2", "1-3")
    honest, truth = await _lying_result(pipeline, event, "3-1")

    await pipeline.apply_results.execute([lie, truth])

    assert (await pipeline.booking(first.id)).seat_positions == ("1-1", "1-2")
    failed = await pipeline.booking(thief.id)
    assert (failed.status, failed.failure_reason) == (BookingStatus.FAILED, SEAT_TAKEN)
    assert (await pipeline.booking(honest.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.load.execute(event.id), "the store was wrong, so a load is due"
    assert await pipeline.differences(event.id) == []


async def test_without_the_count_check_a_booking_waits_for_payment_with_no_seat(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hold_unchecked(
        claims: Sequence[TicketClaim],
        events: Mapping[int, EventTerms],
        transaction: ITicketingTransaction,
    ) -> None:
        await transaction.hold_tickets(claims)
        for claim in claims:
            claim.booking.hold(claim.positions, 0, transaction.now)

    monkeypatch.setattr(ApplySeatResultsUseCase, "_hold", staticmethod(hold_unchecked))
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.hold(buyer, event, "1-1", "1-2")
    thief, lie = await _lying_result(pipeline, event, "1-2")
    await pipeline.apply_results.execute([lie])

    assert (await pipeline.booking(thief.id)).status is BookingStatus.PENDING_PAYMENT
    found = await pipeline.differences(event.id)
    assert any(str(thief.id) in difference for difference in found)


async def test_a_result_that_comes_twice_has_the_effect_of_once(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, quantity=2)
    commands = await pipeline.commands()
    results = await pipeline.decide(commands)

    await pipeline.apply_results.execute([*results, *results])
    held = await pipeline.booking(booking.id)
    assert await pipeline.decide(commands) == results, "the first answer again, not new seats"
    await pipeline.apply_results.execute(results)

    assert await pipeline.booking(booking.id) == held
    assert await pipeline.differences(event.id) == []


async def test_a_release_that_overtakes_its_reserve_refuses_it_for_good(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    (reserve,) = await pipeline.commands()
    await pipeline.cancel.execute(buyer, booking.id)
    (release,) = await pipeline.commands()

    await pipeline.apply_results.execute(await pipeline.decide([release]))
    await pipeline.apply_results.execute(await pipeline.decide([reserve]))

    assert (await pipeline.booking(booking.id)).status is BookingStatus.CANCELLED
    assert (await pipeline.store.counts(event.id))["A", 1].available == 50
    assert await pipeline.differences(event.id) == []


async def test_a_late_duplicate_of_a_release_frees_nobody_elses_seat(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    first, second = await pipeline.user(UserRole.BUYER), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(first, event, "1-1")
    await pipeline.cancel.execute(first, held.id)
    (release,) = await pipeline.commands()
    await pipeline.apply_results.execute(await pipeline.decide([release]))
    await pipeline.hold(second, event, "1-1")

    await pipeline.apply_results.execute(await pipeline.decide([release]))

    assert (await pipeline.store.counts(event.id))["A", 1].reserved == 1
    assert await pipeline.differences(event.id) == []


async def test_a_reserved_for_a_booking_that_failed_is_given_back(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    results = await pipeline.decide(await pipeline.commands())
    async with pipeline.pool.acquire() as connection:
        await connection.execute(
            "UPDATE booking SET status = 'failed', failure_reason = 'unprocessable',"
            " command = NULL, next_send_at = NULL WHERE id = $1",
            booking.id,
        )

    await pipeline.apply_results.execute(results)
    assert (await pipeline.booking(booking.id)).command is OwedCommand.RELEASE
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()

    assert (await pipeline.store.counts(event.id))["A", 1].available == 50
    assert await pipeline.differences(event.id) == []


async def test_a_wiped_store_is_loaded_and_what_was_owed_is_sent_again(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    waiting = await pipeline.book(buyer, event, "1-1", "1-2")
    free = await pipeline.book(buyer, event, "4-1")
    await pipeline.redis.flushall()

    await pipeline.settle()  # stale: nothing decided, and nothing looks like an empty hall
    assert (await pipeline.booking(free.id)).status is BookingStatus.PROCESSING
    assert await pipeline.load.execute(event.id)
    assert await pipeline.resend.execute() == 2
    await pipeline.settle()

    assert (await pipeline.booking(held.id)).seat_positions == ("1-1",)
    assert (await pipeline.booking(waiting.id)).failure_reason == "seat_conflict"
    assert (await pipeline.booking(free.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_results_of_an_older_epoch_are_dropped_and_asked_for_again(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    old_results = await pipeline.decide(await pipeline.commands())
    assert await pipeline.load.execute(event.id, always=True)

    await pipeline.apply_results.execute(old_results)
    assert (await pipeline.booking(booking.id)).status is BookingStatus.PROCESSING
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()

    assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_an_expired_hold_is_cancelled_and_its_seats_are_offered_again(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(hold_seconds=5), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await _let_expire(pipeline)

    with pytest.raises(HoldExpiredError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    assert await pipeline.expire.execute() == 1
    assert await pipeline.expire.execute() == 0
    await pipeline.settle()

    expired = await pipeline.booking(held.id)
    assert expired.cancel_reason is CancelReason.EXPIRED
    with pytest.raises(HoldExpiredError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    assert (await pipeline.hold(buyer, event, "1-1")).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_an_open_payment_attempt_protects_the_hold(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(hold_seconds=5), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await _let_expire(pipeline)

    assert await pipeline.expire.execute() == 0
    with pytest.raises(PaymentInProgressError):
        await pipeline.cancel.execute(buyer, held.id)
    with pytest.raises(PaymentInProgressError):
        await pipeline.pay.execute(buyer, held.id, CARD)

    outcome = await pipeline.gateway.charge(
        attempt.id, amount=attempt.amount, currency=attempt.currency, card_number=CARD
    )
    completed = await pipeline.payment_ledger.record(attempt, outcome)
    assert completed is not None
    assert completed.status is BookingStatus.COMPLETED


async def test_of_pay_and_cancel_at_once_exactly_one_wins(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    for seat in range(1, 6):
        held = await pipeline.hold(buyer, event, f"1-{seat}")
        outcomes = await asyncio.gather(
            pipeline.pay.execute(buyer, held.id, CARD),
            pipeline.cancel.execute(buyer, held.id),
            pipeline.pay.execute(buyer, held.id, CARD),
            pipeline.cancel.execute(buyer, held.id),
            return_exceptions=True,
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, Booking)]
        assert len(won) == 1, outcomes
        lost = [outcome for outcome in outcomes if not isinstance(outcome, Booking)]
        refusals = (BookingNotPayableError, BookingNotCancellableError, PaymentInProgressError)
        assert all(isinstance(outcome, refusals) for outcome in lost), outcomes
        assert (await pipeline.booking(held.id)).status is won[0].status
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []


async def test_one_idempotency_key_is_one_booking_however_often_it_comes(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    bookings = await asyncio.gather(
        *(pipeline.book(buyer, event, "1-1", key="click") for _ in range(20))
    )
    assert len({booking.id for booking in bookings}) == 1
    assert len(await pipeline.commands()) == 1

    with pytest.raises(IdempotencyKeyReusedError):
        await pipeline.book(buyer, event, "1-2", key="click")
    other = await pipeline.user(UserRole.BUYER)
    assert (await pipeline.book(other, event, "1-2", key="click")).id != bookings[0].id


async def test_a_bad_row_fails_alone_in_its_shared_insert(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    nobody = type(buyer)(2**62, UserRole.BUYER, "-")
    outcomes = await asyncio.gather(
        *(pipeline.book(who, event) for who in (buyer, nobody, buyer, buyer)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Booking) for outcome in outcomes] == [True, False, True, True]


async def test_the_insert_itself_refuses_an_event_that_is_not_on_sale(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.catalog.get(event.id)
    await pipeline.pool.execute("UPDATE event SET is_active = false WHERE id = $1", event.id)

    with pytest.raises(EventNotOnSaleError):  # the catalog still believes in it
        await pipeline.book(buyer, event)


async def test_what_was_never_sent_is_sent_from_the_table(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event)
    await pipeline.commands()  # lost on the way
    assert await pipeline.resend.execute() == 0, "it is not due yet"
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now() - interval '1 second'")

    assert await pipeline.resend.execute() == 1
    assert await pipeline.resend.execute() == 0, "it backs off"
    await pipeline.settle()
    assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT


async def test_two_workers_with_the_same_results_move_each_ticket_once(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    for _ in range(10):
        await pipeline.book(buyer, event, quantity=2)
    results = await pipeline.decide(await pipeline.commands())

    outcomes = await asyncio.gather(
        *(pipeline.apply_results.execute(batch) for batch in (results, results[::-1], results)),
        return_exceptions=True,
    )
    assert outcomes == [None, None, None]
    assert await pipeline.differences(event.id) == []
    tickets = await pipeline.bookings.tickets_of([result.booking_id for result in results])
    assert sum(len(held) for held in tickets.values()) == 20


async def test_orphaned_payments_are_settled_by_asking_the_gateway(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    charged = await pipeline.hold(buyer, event, "1-1")
    never_charged = await pipeline.hold(buyer, event, "1-2")
    attempt = await pipeline.pay._open_attempt(buyer, charged.id)
    await pipeline.gateway.charge(attempt.id, amount=1_000, currency="USD", card_number=CARD)
    await pipeline.pay._open_attempt(buyer, never_charged.id)
    await pipeline.pool.execute(
        "UPDATE payment_attempt SET created_at = now() - interval '1 minute'"
    )

    assert await pipeline.settle_payments.execute() == 2
    assert (await pipeline.booking(charged.id)).status is BookingStatus.COMPLETED
    assert (await pipeline.booking(never_charged.id)).status is BookingStatus.PENDING_PAYMENT
    paid = await pipeline.pay.execute(buyer, never_charged.id, CARD)
    assert paid.status is BookingStatus.COMPLETED


async def test_someone_elses_booking_is_neither_paid_nor_cancelled(pipeline: Pipeline) -> None:
    event, owner = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(owner, event, "1-1")
    for other in (await pipeline.user(UserRole.BUYER), await pipeline.user(UserRole.SELLER)):
        with pytest.raises(TicketingError):
            await pipeline.pay.execute(other, held.id, CARD)
        with pytest.raises(TicketingError):
            await pipeline.cancel.execute(other, held.id)
    assert await pipeline.booking(held.id) == held


async def test_without_the_ownership_check_anyone_cancels(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, owner = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(owner, event, "1-1")
    monkeypatch.setattr(Booking, "require_buyer", lambda _self, _user_id: None)
    await pipeline.cancel.execute(await pipeline.user(UserRole.BUYER), held.id)
    assert (await pipeline.booking(held.id)).status is BookingStatus.CANCELLED


async def _let_expire(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
